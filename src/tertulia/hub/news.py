"""News for whoever is here now: presence, typing, receipts. Nobody stores them; the latest replaces what was before."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from tertulia.domain.events import News
from tertulia.hub.channel import Channel
from tertulia.hub.subscriber import Subscriber
from tertulia.protocol.frames import Frames


class NewsDesk:
    """Tells those who are in `channels` (by room) and `users` (by user), which the hub keeps."""

    def __init__(self, channels: Mapping[int, Channel], users: Mapping[int, Collection[Subscriber]]) -> None:
        self._channels = channels
        self._users = users

    def to_room(self, room: int, key: str, news: News, *, members_only: bool = False) -> None:
        """For all who follow the room, or for its members among them."""
        channel = self._channels.get(room)
        if channel is not None:
            for subscribers, frames in channel.told(news, members_only=members_only):
                for subscriber in subscribers:
                    subscriber.offer_latest((key, channel.room_id), frames)

    def to_members(self, key: str, news: Mapping[int, News]) -> None:
        """Of many rooms at once (by room), for the members who follow them: each is written to once."""
        parts: dict[Subscriber, list[tuple[tuple[str, str], Frames]]] = defaultdict(list)
        for room, said in news.items():
            if (channel := self._channels.get(room)) is None:
                continue
            for subscribers, frames in channel.told(said, members_only=True):
                part = (key, channel.room_id), frames
                for subscriber in subscribers:
                    parts[subscriber].append(part)
        for subscriber, of_subscriber in parts.items():
            subscriber.offer_all_latest(of_subscriber)

    def to_users(self, users: Iterable[int], key: tuple[str, str], news: News) -> None:
        """For all connections of `users`."""
        encoded: dict[str, Frames | None] = {}
        for user in users:
            for subscriber in self._users.get(user, ()):
                name = subscriber.wire.name
                if name not in encoded:
                    text = subscriber.wire.news(news)
                    encoded[name] = Frames((text,)) if text is not None else None
                frames = encoded[name]
                if frames is not None:
                    subscriber.offer_latest(key, frames)
