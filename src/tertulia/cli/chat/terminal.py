"""A terminal: a line to type in at the bottom, a bar below it, and what was said above."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style

from tertulia.cli.chat.screen import AHEAD, Decorations
from tertulia.cli.chat.wrap import Line
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
        self._typed_lines: asyncio.Queue[str | None] = asyncio.Queue(AHEAD)
        self._is_open = False
        self._around: Decorations | None = None
        self._session: PromptSession[str] = PromptSession(
            self._prompt,
            bottom_toolbar=self._toolbar,
            style=STYLE,
            erase_when_done=True,
            interrupt_exception=EOFError,
            key_bindings=self._keys(),
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
        if not self._is_open:
            self._is_open = True
            self._tasks.spawn(self._run(), "chat.input")
        return await self._typed_lines.get()

    async def _run(self) -> None:
        """One prompt for all lines: between two of them the terminal itself would show what is typed."""
        with suppress(EOFError):
            # Its own handler of the loop's errors would stop everything until somebody presses Enter.
            await self._session.prompt_async(set_exception_handler=False)
        await self._typed_lines.put(None)

    def _enter(self, event: KeyPressEvent) -> None:
        """What was typed is printed when it is stored. With too much to do the line stays where it is."""
        if not self._typed_lines.full():
            self._typed_lines.put_nowait(event.current_buffer.text)
            event.current_buffer.reset(append_to_history=True)

    def show(self, lines: Sequence[Line]) -> None:
        """prompt_toolkit's own `in_terminal` is not for this: it lets the terminal itself handle keys meanwhile."""
        app, renderer = self._session.app, self._session.app.renderer
        if not lines:
            return None
        if not app.is_running:
            return self._print(lines)
        renderer.erase()
        self._print(lines)
        renderer.reset()
        if not app.key_processor.input_queue:
            renderer.request_absolute_cursor_position()
        return renderer.render(app, app.layout)

    def _print(self, lines: Sequence[Line]) -> None:
        text = FormattedText(chain.from_iterable([*line, ("", "\n")] for line in lines))
        depth = ColorDepth.from_env() or self._output.get_default_color_depth()
        print_formatted_text(self._output, text, STYLE, color_depth=depth)

    def refresh(self) -> None:
        self._session.app.invalidate()

    async def close(self) -> None:
        """Give the terminal back."""
        await self._tasks.close()

    def _prompt(self) -> FormattedText:
        return FormattedText(self._around.prompt(self.width) if self._around else [])

    def _toolbar(self) -> str:
        return self._around.toolbar(self.width) if self._around else ""

    def _typed(self, text: str) -> None:
        if self._around is not None:
            self._around.typed(text)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        keys.add("enter")(self._enter)

        @keys.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            """Alt-Enter begins a new line."""
            event.current_buffer.insert_text("\n")

        return keys
