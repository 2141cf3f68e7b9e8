from catalog.remembering import LONGEST, remembered


def test_answers_to_short_texts_are_remembered_and_long_texts_are_not_kept():
    asked = []

    @remembered(2)
    def length(text, *, plus=0):
        asked.append(text)
        return len(text) + plus

    long = "x" * (LONGEST + 1)

    assert [length("a"), length("a"), length("a", plus=1)] == [1, 1, 2]
    assert [length(long), length(long)] == [len(long)] * 2
    assert asked == ["a", "a", long, long]
