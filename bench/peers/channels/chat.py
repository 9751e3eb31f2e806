"""The chat server of the Channels tutorial in one file, but each message is stored with the ORM before it is sent.

Run by daphne as `chat:application`. PEER_DIRECTORY holds the database; PEER_REDIS is the URL of Redis.
"""
# ruff: noqa: E402 - Django wants its settings before it is imported further

import json
import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="of no other use",
    INSTALLED_APPS=["daphne", "channels"],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(os.environ["PEER_DIRECTORY"], "db.sqlite3")}
    },
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            # redis-py 8 allows 100 connections of its own accord, which 100 subscribers exceed.
            "CONFIG": {"hosts": [{"address": os.environ["PEER_REDIS"], "max_connections": 100_000}]},
        }
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.db import connection, models
from django.urls import re_path


class Message(models.Model):
    room = models.CharField(max_length=100, db_index=True)
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "chat"


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.room_name = self.scope["url_route"]["kwargs"]["room_name"]
        self.room_group_name = f"chat_{self.room_name}"
        await self.channel_layer.group_add(self.room_group_name, self.channel_name)
        await self.accept()

    async def disconnect(self, _close_code: int) -> None:
        await self.channel_layer.group_discard(self.room_group_name, self.channel_name)

    async def receive(self, text_data: str) -> None:
        message = json.loads(text_data)["message"]
        await Message.objects.acreate(room=self.room_name, body=message)
        await self.channel_layer.group_send(self.room_group_name, {"type": "chat.message", "message": message})

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"message": event["message"]}))


with connection.schema_editor() as editor:
    editor.create_model(Message)

application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": AllowedHostsOriginValidator(
            URLRouter([re_path(r"ws/chat/(?P<room_name>\w+)/$", ChatConsumer.as_asgi())])
        ),
    }
)
