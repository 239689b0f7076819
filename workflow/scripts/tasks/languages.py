"""The languages of XTREME and XTREME-R, one row each: a language is added here and nowhere else.

Codes are the benchmarks' own (ISO 639-1 where there is one); `name` is the English name that Universal Dependencies
and TyDiQA use in their configuration names and ids; families are Glottolog's first level, as in XTREME's Table 1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workflow.scripts.errors import UserError, nearest


@dataclass(frozen=True)
class Language:
    """A language by its codes, its script (ISO 15924) and its family."""

    code: str
    name: str
    iso639_3: str
    script: str
    family: str


_ROWS = """
af  Afrikaans   afr  Latn  Indo-European
ar  Arabic      ara  Arab  Afro-Asiatic
az  Azerbaijani aze  Latn  Turkic
bg  Bulgarian   bul  Cyrl  Indo-European
bn  Bengali     ben  Beng  Indo-European
de  German      deu  Latn  Indo-European
el  Greek       ell  Grek  Indo-European
en  English     eng  Latn  Indo-European
es  Spanish     spa  Latn  Indo-European
et  Estonian    est  Latn  Uralic
eu  Basque      eus  Latn  Basque
fa  Persian     pes  Arab  Indo-European
fi  Finnish     fin  Latn  Uralic
fr  French      fra  Latn  Indo-European
gu  Gujarati    guj  Gujr  Indo-European
he  Hebrew      heb  Hebr  Afro-Asiatic
hi  Hindi       hin  Deva  Indo-European
ht  Haitian     hat  Latn  Creole
hu  Hungarian   hun  Latn  Uralic
id  Indonesian  ind  Latn  Austronesian
it  Italian     ita  Latn  Indo-European
ja  Japanese    jpn  Jpan  Japonic
jv  Javanese    jav  Latn  Austronesian
ka  Georgian    kat  Geor  Kartvelian
kk  Kazakh      kaz  Cyrl  Turkic
ko  Korean      kor  Kore  Koreanic
lt  Lithuanian  lit  Latn  Indo-European
ml  Malayalam   mal  Mlym  Dravidian
mr  Marathi     mar  Deva  Indo-European
ms  Malay       zsm  Latn  Austronesian
my  Burmese     mya  Mymr  Sino-Tibetan
nl  Dutch       nld  Latn  Indo-European
pa  Punjabi     pan  Guru  Indo-European
pl  Polish      pol  Latn  Indo-European
pt  Portuguese  por  Latn  Indo-European
qu  Quechua     que  Latn  Quechuan
ro  Romanian    ron  Latn  Indo-European
ru  Russian     rus  Cyrl  Indo-European
sw  Swahili     swh  Latn  Niger-Congo
ta  Tamil       tam  Taml  Dravidian
te  Telugu      tel  Telu  Dravidian
th  Thai        tha  Thai  Tai-Kadai
tl  Tagalog     tgl  Latn  Austronesian
tr  Turkish     tur  Latn  Turkic
uk  Ukrainian   ukr  Cyrl  Indo-European
ur  Urdu        urd  Arab  Indo-European
vi  Vietnamese  vie  Latn  Austroasiatic
wo  Wolof       wol  Latn  Niger-Congo
yo  Yoruba      yor  Latn  Niger-Congo
zh  Chinese     cmn  Hans  Sino-Tibetan
"""

NATURAL_LANGUAGES: Mapping[str, Language] = {
    language.code: language for language in (Language(*row.split()) for row in _ROWS.strip().splitlines())
}


def codes(text: str) -> tuple[str, ...]:
    """Return the words of a text: language codes or tags."""
    return tuple(text.split())


def select_languages(wanted: Iterable[str], known: Mapping[str, Language]) -> tuple[Language, ...]:
    """Return the rows of the wanted codes, in that order.

    Raises:
        UserError: a code is not known; the nearest valid one is named.
    """
    selected = []
    for code in wanted:
        if code not in known:
            raise UserError(f"unknown language '{code}'; known: {', '.join(known)}.{nearest(code, known)}")
        selected.append(known[code])
    return tuple(selected)
