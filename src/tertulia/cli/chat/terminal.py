"""A terminal: a line to type in at the bottom, a bar below it, and what was said above."""

from collections.abc import Sequence
from itertools import chain

from prompt_toolkit import PromptSession
from prompt_toolkit.application.run_in_terminal import in_terminal
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style

from tertulia.cli.chat.screen import Decorations
from tertulia.cli.chat.view import Line
from tertulia.tasks import Tasks

STYLE = Style.from_dict(
    {
        "quiet": "ansibrightblack",
        "warning": "ansired bold",
        "header": "bold",
        "mention": "ansiyellow bold",
        "me": "bold",
        "prompt": "bold",
        "name0": "ansigreen",
        "name1": "ansicyan",
        "name2": "ansimagenta",
        "name3": "ansiblue",
        "name4": "ansibrightgreen",
        "name5": "ansibrightmagenta",
        "bottom-toolbar": "noreverse ansibrightblack",
    }
)


class Terminal:
    """Lines are printed above the input, in order, whatever is being typed."""

    is_terminal = True

    def __init__(self) -> None:
        self._tasks = Tasks()
        self._waiting: list[Line] = []
        self._printing = False
        self._around: Decorations | None = None
        self._session: PromptSession[str] = PromptSession(
            self._prompt,
            bottom_toolbar=self._toolbar,
            style=STYLE,
            erase_when_done=True,  # what was typed is printed again when it is stored
            interrupt_exception=EOFError,
            key_bindings=_keys(),
            reserve_space_for_menu=0,
        )
        self._session.default_buffer.on_text_changed += lambda buffer: self._typed(buffer.text)
        self._output = self._session.app.output

    def decorate(self, around: Decorations) -> None:
        """Before the first `read`."""
        self._around = around

    @property
    def width(self) -> int:
        return self._output.get_size().columns

    @property
    def height(self) -> int:
        return self._output.get_size().rows

    async def read(self) -> str | None:
        try:
            return await self._session.prompt_async()
        except EOFError:
            return None

    def show(self, lines: Sequence[Line]) -> None:
        self._waiting += lines
        if self._waiting and not self._printing:
            self._printing = True
            self._tasks.spawn(self._print(), "chat.print")

    async def _print(self) -> None:
        while self._waiting:
            async with in_terminal():
                self._print_waiting()
        self._printing = False

    def _print_waiting(self) -> None:
        lines, self._waiting = self._waiting, []
        text = FormattedText(chain.from_iterable([*line, ("", "\n")] for line in lines))
        depth = ColorDepth.from_env() or self._output.get_default_color_depth()
        print_formatted_text(self._output, text, STYLE, color_depth=depth)

    def refresh(self) -> None:
        self._session.app.invalidate()

    async def close(self) -> None:
        await self._tasks.close()
        self._print_waiting()

    def _prompt(self) -> FormattedText:
        return FormattedText(self._around.prompt(self.width) if self._around else [])

    def _toolbar(self) -> str:
        return self._around.toolbar(self.width) if self._around else ""

    def _typed(self, text: str) -> None:
        if self._around is not None:
            self._around.typed(text)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        """Alt-Enter begins a new line."""
        event.current_buffer.insert_text("\n")

    return keys
