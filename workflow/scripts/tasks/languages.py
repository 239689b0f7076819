"""The languages of XTREME and XTREME-R, one row each: a language is added here and nowhere else.

Codes are the benchmarks' own (ISO 639-1 where there is one); `name` is the English name that Universal Dependencies
and TyDiQA use in their configuration names and ids; families are Glottolog's first level, as in XTREME's Table 1.

Branches and grammatical features are from general typological knowledge: the numbers of the World Atlas of Language
Structures (WALS) say what is meant, they are no quotation of its data. Check them before citing. What is not firm
common knowledge is `-`, unknown. Columns can be left out from the right.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workflow.scripts.errors import UserError, nearest

UNKNOWN = "-"

FEATURES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "order": ("81A", ("SOV", "SVO", "VSO", "none")),
    "object": ("83A", ("OV", "VO", "none")),
    "adposition": ("85A", ("pre", "post", "none")),
    "genitive": ("86A", ("pre", "post", "none")),
    "adjective": ("87A", ("pre", "post", "none")),
    "relative": ("90A", ("pre", "post")),
    "affixes": ("26A", ("pre", "suf", "few")),
    "gender": ("31A", ("sex", "other", "none")),
    "article": ("37A", ("word", "affix", "none")),
}
"""The grammatical features of a language: number of the feature in WALS, and its values (coarser than there)."""

FEWEST = 5
"""With fewer features that are known of both languages no distance is given."""

MEASURE = "WALS features and genealogy"
"""The name of `distance` in `languages.json`."""


@dataclass(frozen=True)
class Language:
    """A language by its codes, its script (ISO 15924), its family and its grammar.

    Attributes:
        code, name, iso639_3, script, family: see the module.
        branch: main branches below the family, `Germanic/West`.
        order: dominant order of subject, object and verb; `none` where there is none (German).
        object: object and verb.
        adposition, genitive, adjective, relative: before (`pre`) or after (`post`) the noun phrase or noun; `none`
            where neither dominates (the English genitive).
        affixes: inflection mainly by prefixes, by suffixes, or little of either (`few`).
        gender: based on sex (English: he, she), on something else (Swahili), or `none`.
        article: definite article a word, an affix, or `none`.
    """

    code: str
    name: str
    iso639_3: str
    script: str
    family: str
    branch: str = UNKNOWN
    order: str = UNKNOWN
    object: str = UNKNOWN
    adposition: str = UNKNOWN
    genitive: str = UNKNOWN
    adjective: str = UNKNOWN
    relative: str = UNKNOWN
    affixes: str = UNKNOWN
    gender: str = UNKNOWN
    article: str = UNKNOWN

    @property
    def lineage(self) -> tuple[str, ...]:
        """Family and branches, the largest group first."""
        return (self.family, *(self.branch.split("/") if self.branch != UNKNOWN else ()))


_ROWS = """
af Afrikaans   afr Latn Indo-European Germanic/West                      none none pre  -    pre  post suf -     word
ar Arabic      ara Arab Afro-Asiatic  Semitic/Central                    VSO  VO   pre  post post post -   sex   affix
az Azerbaijani aze Latn Turkic        Common/Oghuz                       SOV  OV   post pre  pre  pre  suf none  none
bg Bulgarian   bul Cyrl Indo-European Balto-Slavic/Slavic                SVO  VO   pre  post pre  post suf sex   affix
bn Bengali     ben Beng Indo-European Indo-Iranian/Indo-Aryan            SOV  OV   post pre  pre  -    suf none  -
de German      deu Latn Indo-European Germanic/West                      none none pre  post pre  post suf sex   word
el Greek       ell Grek Indo-European Hellenic/Greek                     -    VO   pre  post pre  post suf sex   word
en English     eng Latn Indo-European Germanic/West                      SVO  VO   pre  none pre  post suf sex   word
es Spanish     spa Latn Indo-European Italic/Romance                     SVO  VO   pre  post post post suf sex   word
et Estonian    est Latn Uralic        Finnic                             SVO  VO   post pre  pre  post suf none  none
eu Basque      eus Latn Basque        -                                  SOV  OV   post pre  post pre  -   none  affix
fa Persian     pes Arab Indo-European Indo-Iranian/Iranian               SOV  OV   pre  post post post suf none  -
fi Finnish     fin Latn Uralic        Finnic                             SVO  VO   post pre  pre  post suf none  none
fr French      fra Latn Indo-European Italic/Romance                     SVO  VO   pre  post post post suf sex   word
gu Gujarati    guj Gujr Indo-European Indo-Iranian/Indo-Aryan            SOV  OV   post pre  pre  -    suf sex   none
he Hebrew      heb Hebr Afro-Asiatic  Semitic/Central                    SVO  VO   pre  post post post -   sex   affix
hi Hindi       hin Deva Indo-European Indo-Iranian/Indo-Aryan            SOV  OV   post pre  pre  -    suf sex   none
ht Haitian     hat Latn Creole        French-based                       SVO  VO   pre  post post post few none  word
hu Hungarian   hun Latn Uralic        Ugric                              none -    post pre  pre  post suf none  word
id Indonesian  ind Latn Austronesian  Malayo-Polynesian/Malayic          SVO  VO   pre  post post post -   none  -
it Italian     ita Latn Indo-European Italic/Romance                     SVO  VO   pre  post post post suf sex   word
ja Japanese    jpn Jpan Japonic       -                                  SOV  OV   post pre  pre  pre  suf none  none
jv Javanese    jav Latn Austronesian  Malayo-Polynesian/Javanese         SVO  VO   pre  post post post -   none  -
ka Georgian    kat Geor Kartvelian    Georgian-Zan                       SOV  OV   post pre  pre  -    -   none  none
kk Kazakh      kaz Cyrl Turkic        Common/Kipchak                     SOV  OV   post pre  pre  pre  suf none  none
ko Korean      kor Kore Koreanic      -                                  SOV  OV   post pre  pre  pre  suf none  none
lt Lithuanian  lit Latn Indo-European Balto-Slavic/Baltic                SVO  VO   pre  pre  pre  post suf sex   none
ml Malayalam   mal Mlym Dravidian     South                              SOV  OV   post pre  pre  pre  suf -     none
mr Marathi     mar Deva Indo-European Indo-Iranian/Indo-Aryan            SOV  OV   post pre  pre  -    suf sex   none
ms Malay       zsm Latn Austronesian  Malayo-Polynesian/Malayic          SVO  VO   pre  post post post -   none  -
my Burmese     mya Mymr Sino-Tibetan  Burmo-Qiangic/Lolo-Burmese         SOV  OV   post pre  -    pre  -   none  -
nl Dutch       nld Latn Indo-European Germanic/West                      none none pre  post pre  post suf sex   word
pa Punjabi     pan Guru Indo-European Indo-Iranian/Indo-Aryan            SOV  OV   post pre  pre  -    suf sex   none
pl Polish      pol Latn Indo-European Balto-Slavic/Slavic                SVO  VO   pre  post pre  post suf sex   none
pt Portuguese  por Latn Indo-European Italic/Romance                     SVO  VO   pre  post post post suf sex   word
qu Quechua     que Latn Quechuan      -                                  SOV  OV   post pre  pre  -    suf none  none
ro Romanian    ron Latn Indo-European Italic/Romance                     SVO  VO   pre  post post post suf sex   affix
ru Russian     rus Cyrl Indo-European Balto-Slavic/Slavic                SVO  VO   pre  post pre  post suf sex   none
sw Swahili     swh Latn Niger-Congo   Volta-Congo/Bantu                  SVO  VO   pre  post post post pre other -
ta Tamil       tam Taml Dravidian     South                              SOV  OV   post pre  pre  pre  suf sex   none
te Telugu      tel Telu Dravidian     South-Central                      SOV  OV   post pre  pre  pre  suf sex   none
th Thai        tha Thai Tai-Kadai     Kam-Tai/Tai                        SVO  VO   pre  post post post few none  none
tl Tagalog     tgl Latn Austronesian  Malayo-Polynesian/Philippine       VSO  VO   pre  post -    -    -   none  -
tr Turkish     tur Latn Turkic        Common/Oghuz                       SOV  OV   post pre  pre  pre  suf none  none
uk Ukrainian   ukr Cyrl Indo-European Balto-Slavic/Slavic                SVO  VO   pre  post pre  post suf sex   none
ur Urdu        urd Arab Indo-European Indo-Iranian/Indo-Aryan            SOV  OV   post pre  pre  -    suf sex   none
vi Vietnamese  vie Latn Austroasiatic Vietic                             SVO  VO   pre  post post post few none  none
wo Wolof       wol Latn Niger-Congo   Atlantic                           SVO  VO   pre  post -    post -   other -
yo Yoruba      yor Latn Niger-Congo   Volta-Congo/Yoruboid               SVO  VO   pre  post post post -   none  -
zh Chinese     cmn Hans Sino-Tibetan  Sinitic                            SVO  VO   none pre  pre  pre  -   none  none
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


def distance(language: Language, other: Language) -> float | None:
    """Return how far two languages are apart, between 0 and 1: the mean of a grammatical and a genealogical distance.

    grammatical   the share of the features in `FEATURES` in which the two differ, among those known of both
    genealogical  1 - the number of groups they share, counted from the family down, over the longer lineage's length

    German and English share Indo-European, Germanic and West (0) and differ in 3 of 9 features: (3/9 + 0) / 2 = 0.17.
    None if fewer than `FEWEST` features are known of both. The features are those of WALS in their wording, the
    values are from general knowledge (see the module): the measure ranks languages coarsely, it is no reference.
    """
    pairs = [(getattr(language, name), getattr(other, name)) for name in FEATURES]
    known = [pair for pair in pairs if UNKNOWN not in pair]
    if len(known) < FEWEST:
        return None
    differing: int = sum(first != second for first, second in known)
    return (differing / len(known) + _genealogical(language.lineage, other.lineage)) / 2


def _genealogical(first: Sequence[str], second: Sequence[str]) -> float:
    """Return the share of the longer lineage that two lineages do not share."""
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] == second[shared]:
        shared += 1
    return 1 - shared / max(len(first), len(second))


def describe(wanted: Iterable[str]) -> list[dict[str, object]]:
    """Return the facts on natural languages: those of the laboratory's languages, and the name of the distance.

    Raises:
        UserError: a code is not known.
    """
    english = NATURAL_LANGUAGES["en"]
    facts: list[dict[str, object]] = []
    for language in select_languages(wanted, NATURAL_LANGUAGES):
        apart = distance(language, english)
        facts.append(
            {
                "code": language.code,
                "name": language.name,
                "script": language.script,
                "family": language.family,
                "distance": None if apart is None else round(apart, 4),
                "role": "source" if language is english else "language",
                "measure": MEASURE,
            }
        )
    return facts
