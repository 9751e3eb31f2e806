from tertulia.gateway.patience import REFUSALS, Patience


def test_patience_ends_within_a_minute_and_comes_back_with_the_next() -> None:
    patience = Patience()
    assert not any(patience.lose(59) for _ in range(REFUSALS))
    assert not any(patience.lose(60) for _ in range(REFUSALS))
    assert patience.lose(119)
    assert not patience.lose(120)
