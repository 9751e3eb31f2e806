"""What the people of the demo are called, where they meet and what they say. The same on every machine."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

PEOPLE = (
    ("ada", "Ada", "Okafor"),
    ("bruno", "Bruno", "Keller"),
    ("chen", "Chen", "Li"),
    ("dalia", "Dalia", "Haddad"),
    ("emil", "Emil", "Novák"),
    ("fatou", "Fatou", "Diop"),
    ("greta", "Greta", "Sørensen"),
    ("hugo", "Hugo", "Ramírez"),
    ("ines", "Inês", "Carvalho"),
    ("jonas", "Jonas", "Weber"),
    ("kavya", "Kavya", "Nair"),
    ("luca", "Luca", "Moretti"),
)

EMOJI = ("👍", "😂", "🎉", "❤️", "👀", "🤔", "🚀", "☕")

ANYWHERE = (
    "Good morning everybody ☀️",
    "Has anybody got a minute?",
    "Back in ten, I need a coffee.",
    "Yes.",
    "No idea, but I would like to know too.",
    "That made my day, thank you!",
    "I was about to say the same.",
    "Can we talk about this tomorrow?",
    "Ha! Exactly what happened to me.",
    "@{name}, what do you think?",
    "@{name}: seen, I will have a look after lunch.",
    "Thanks @{name} 🙏",
    "I am not so sure. Let me sleep on it.",
    "+1",
    "Who is here on Friday?",
    "Sorry, wrong room.",
    "¿Alguien más se queda hasta tarde?",
    "今日もよろしくお願いします",
    "نلتقي غدًا إن شاء الله",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A room of the demo; `share`: how much of all talk is there."""

    name: str
    title: str
    description: str
    lines: tuple[str, ...]
    people: tuple[int, ...]
    share: int
    is_public: bool = True


PLACES = (
    Place(
        "kitchen",
        "Kitchen",
        "Coffee, lunch, and who took my cup.",
        (
            "The coffee machine wants to be cleaned again.",
            "There is cake next to the sink, help yourselves 🍰",
            "Lunch at half past twelve? The new place with the dumplings?",
            "Somebody left a very fine umbrella here.",
            "We are out of oat milk.",
            "Whoever made the soup: recipe, please!",
        ),
        tuple(range(12)),
        5,
    ),
    Place(
        "engineering",
        "Engineering",
        "How it is built, and why it broke.",
        (
            "The build is green again 🎉",
            "Found it: we compared the times as text.",
            "Try `make clean` first, it cost me an hour.",
            "```\nselect room, count(*) from messages group by room;\n```\nThat is all it takes.",
            "Can somebody review my change? It is small, I promise.",
            "It only fails on Tuesdays. I wish I were joking.",
            "Deployed. Watching the graphs for a while.",
            "p99 went from 180 ms to 27 ms 🚀",
        ),
        (0, 1, 2, 4, 7, 9, 10),
        6,
    ),
    Place(
        "books",
        "Books",
        "What we read. No endings without a warning!",
        (
            "I finished it last night and cannot start another one yet.",
            "The translation is wonderful, much better than the old one.",
            "Chapter seven. Say nothing.",
            "Is it worth going on after the first hundred pages?",
            "I lent mine to somebody, was it one of you?",
        ),
        (0, 3, 5, 6, 8, 11),
        3,
    ),
    Place(
        "football",
        "Football",
        "Tuesdays at six, behind the school.",
        (
            "Who is in on Tuesday? We are nine so far.",
            "That was never offside.",
            "I can bring the ball, somebody else the shirts.",
            "What a goal!!! 🥅⚽",
            "My knee says no this week.",
        ),
        (1, 4, 7, 8, 9, 11),
        3,
    ),
    Place(
        "plans-for-june",
        "Plans for June",
        "Ssh. It is a surprise.",
        (
            "The boat holds fourteen, I asked.",
            "Not a word to Greta, please.",
            "I put the list of songs into the usual place.",
            "If it rains we go to the museum.",
        ),
        (0, 2, 3, 5, 8),
        2,
        is_public=False,
    ),
)

DIRECT = ((0, 3), (1, 4), (2, 10), (5, 8))


@dataclass(slots=True)
class Line:
    """One post to be. `reply_to` and `emoji_on` are indexes in its room."""

    speaker: int
    body: str
    reply_to: int | None = None
    emoji_on: int | None = None
    emoji: str = ""


@dataclass(slots=True)
class Talk:
    """Endless talk of some people in one room; seeded, so that every demo says the same."""

    people: tuple[int, ...]
    names: tuple[str, ...]  # of all people, by which they mention each other
    lines: tuple[str, ...]
    seed: str
    said: int = 0
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - small talk, no secret

    def __iter__(self) -> Iterator[Line]:
        dice, speaker = self._dice, self.people[0]
        while True:
            if dice.random() < 0.7:
                speaker = dice.choice([one for one in self.people if one != speaker])
            body = dice.choice(self.lines if dice.random() < 0.5 else ANYWHERE)
            line = Line(speaker, body.format(name=self._other(speaker)) if "@{" in body else body)
            if self.said > 3 and dice.random() < 0.1:
                line.reply_to = dice.randint(max(1, self.said - 5), self.said)
            if self.said > 1 and dice.random() < 0.15:
                line.emoji_on, line.emoji = dice.randint(max(1, self.said - 3), self.said), dice.choice(EMOJI)
            self.said += 1
            yield line

    def _other(self, speaker: int) -> str:
        return self.names[self._dice.choice([one for one in self.people if one != speaker])]
