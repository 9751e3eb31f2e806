"""REST for the product's backend, by server key: everything under /api/v1/server/."""

from fastapi import APIRouter

from tertulia.http.server import rooms, users

ROUTERS: tuple[APIRouter, ...] = (users.router, rooms.router)
