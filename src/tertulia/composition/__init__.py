"""How the server is put together from its settings; `tertulia.app` starts and stops what stands here."""
