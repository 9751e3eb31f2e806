"""What the commands do."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tertulia.cli.chat import rooms, view
from tertulia.cli.chat.commands import HELP, Command
from tertulia.cli.chat.escape import escaped
from tertulia.cli.chat.transcript import Transcript
from tertulia.cli.chat.wrap import Line
from tertulia.client import Client, RoomModel
from tertulia.protocol.resources import MessageResource


class Sitting(Protocol):
    """Where I am, and how I am told something."""

    @property
    def room(self) -> RoomModel | None: ...

    @property
    def transcript(self) -> Transcript: ...

    @property
    def width(self) -> int | None: ...

    @property
    def page(self) -> int: ...

    def enter(self, room: RoomModel) -> None: ...

    def show(self, lines: Sequence[Line]) -> None: ...

    def tell(self, sentence: str) -> None: ...

    def complain(self, sentence: str) -> None: ...

    async def say(self, body: str, reply_to: int | None = None) -> None: ...


class Actions:
    """One method a command. They raise what the client raises."""

    def __init__(self, client: Client, sitting: Sitting) -> None:
        self._client = client
        self._at = sitting

    async def do(self, command: Command) -> None:
        """All but /rooms, /join, /create, /direct and /help need a room to be in."""
        anywhere: dict[str, Callable[[Command], Awaitable[None]]] = {
            "rooms": self._rooms,
            "join": self._join,
            "create": self._create,
            "direct": self._direct,
            "help": self._help,
        }
        here: dict[str, Callable[[Command, RoomModel], Awaitable[None]]] = {
            "who": self._who,
            "more": self._more,
            "show": self._show,
            "reply": self._reply,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "leave": self._leave,
        }
        if command.name in anywhere:
            await anywhere[command.name](command)
        elif self._at.room is not None:
            await here[command.name](command, self._at.room)

    async def _rooms(self, _: Command) -> None:
        mine = [room for room in self._client.rooms.values() if room.me is not None]
        lines = [view.quiet("my rooms:" if mine else "you are in no room yet")]
        lines += [view.room_line(room) for room in sorted(mine, key=view.room_name)]
        if others := await rooms.others(self._client):
            lines.append(view.quiet("others to /join:"))
            lines += [view.directory_line(room) for room in others]
        self._at.show(lines)

    async def _join(self, command: Command) -> None:
        room = await rooms.find_room(self._client, command.text)
        if room is None:
            name = escaped(command.text)
            return self._at.complain(f"There is no room {name}. /create {name} makes it, /rooms lists those there are.")
        known = self._client.rooms.get(room)
        is_mine = known is not None and known.me is not None
        return self._at.enter(await (self._client.open(room) if is_mine else self._client.join(room)))

    async def _create(self, command: Command) -> None:
        self._at.enter(await self._client.create(command.text))

    async def _direct(self, command: Command) -> None:
        person = await rooms.find_person(self._client, command.text)
        if person is None:
            return self._at.complain("There is nobody of this name.")
        return self._at.enter(await self._client.direct(person["id"]))

    async def _help(self, _: Command) -> None:
        self._at.show([line for usage, does in HELP.items() for line in view.help_lines(usage, does, self._at.width)])

    async def _who(self, _: Command, room: RoomModel) -> None:
        self._at.show(view.who_lines(room, self._client.model.presence, self._at.width))

    async def _more(self, _: Command, room: RoomModel) -> None:
        """From what the client has; else it asks for an older page first."""
        most, width = self._at.page, self._at.width
        lines = self._at.transcript.older(room.messages, most, width)
        if not lines and await self._client.older(room.id):
            lines = self._at.transcript.older(room.messages, most, width)
        self._at.show(lines or [view.quiet("nothing older")])

    async def _show(self, command: Command, room: RoomModel) -> None:
        row = await self._row(room, command.index)
        self._at.show(view.row_lines(row, self._client.user["id"], self._at.width, most=len(row["body"] or "") + 1))

    async def _reply(self, command: Command, _: RoomModel) -> None:
        await self._at.say(command.text, command.index)

    async def _edit(self, command: Command, room: RoomModel) -> None:
        await self._client.edit(room.id, command.index, command.text)

    async def _delete(self, command: Command, room: RoomModel) -> None:
        await self._client.delete(room.id, command.index)

    async def _react(self, command: Command, room: RoomModel) -> None:
        row = await self._row(room, command.index)
        me = self._client.user["id"]
        did = any(one["emoji"] == command.text and me in one["users"] for one in row.get("reactions", ()))
        await self._client.react(room.id, command.index, command.text, on=not did)

    async def _leave(self, _: Command, room: RoomModel) -> None:
        await self._client.leave(room.id)

    async def _row(self, room: RoomModel, index: int) -> MessageResource:
        """A message, wherever it is."""
        return room.timeline.at(index) or await self._client.rest.message(room.id, index)
