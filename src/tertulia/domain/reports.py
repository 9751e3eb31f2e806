"""What somebody, or the word list, wants the staff to look at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """`user`: whom it is about; `reporter` None: the word list. `body`: the message as it was then.

    `room` is a number that may be of no room any more; `index` and `message_id`: of the message, if it is about one.
    """

    number: int
    id: str
    room: int | None
    room_id: str | None
    index: int | None
    message_id: str | None
    user: int | None
    reporter: int | None
    reason: str
    body: str | None
    created_at: int
    resolved_at: int | None = None
    resolved_by: int | None = None
    resolution: str | None = None

    @property
    def people(self) -> set[int]:
        """The numbers of all whom it names."""
        return {number for number in (self.user, self.reporter, self.resolved_by) if number is not None}
