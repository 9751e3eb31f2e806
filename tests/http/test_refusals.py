from tertulia.http.refusals import refusals


def test_codes_of_one_status_stand_together() -> None:
    documented = refusals("username_taken", "email_taken", "busy")
    assert list(documented) == [409, 503]
    assert documented[409]["description"] == "`username_taken`: Username taken; `email_taken`: Email address taken"
    assert list(documented[503]["content"]) == ["application/problem+json"]
