from tertulia.domain.links import MAX_TOKEN, hash_token, new_token


def test_tokens_are_long_random_and_fit_into_an_address() -> None:
    tokens = {new_token() for _ in range(1_000)}
    assert len(tokens) == 1_000
    for token in tokens:
        assert 43 <= len(token) <= MAX_TOKEN
        assert token.isascii()
        assert token.replace("-", "").replace("_", "").isalnum()


def test_a_hash_fits_its_column_whatever_is_hashed() -> None:
    assert hash_token("x") == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert len(hash_token("🐎" * MAX_TOKEN)) == 64
