import pytest

from workflow.scripts.tasks.sentences import sentence_breaks


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ('He met Dr. Berg, J. R. Lund. "Good." They left.', ["He met Dr. Berg, J. R. Lund.", '"Good."', "They left."]),
        ("It cost 3.5 in approx. 1900. In 1901, e.g. Rome.", ["It cost 3.5 in approx. 1900.", "In 1901, e.g. Rome."]),
        ("A claim.[citation needed] Another one.", ["A claim.[citation needed]", "Another one."]),
        ("it ends. then goes on. ещё. да.", ["it ends. then goes on. ещё. да."]),
        ("他走了。她来了！“好。”他说？", ["他走了。", "她来了！", "“好。”", "他说？"]),
        ("यह है। वह है।", ["यह है।", "वह है।"]),
        ("هل جاء؟ نعم.", ["هل جاء؟", "نعم."]),
        ("ประโยคหนึ่ง ประโยคสอง", ["ประโยคหนึ่ง ประโยคสอง"]),
        ("  \n ", []),
        ("", []),
    ],
)  # fmt: skip
def test_sentences(text, sentences):
    assert [text[begin:end] for begin, end in sentence_breaks(text)] == sentences
