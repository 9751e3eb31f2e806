import { openSession } from "./net/session.js";
import { App } from "./view/app.js";

void new App(document.body, openSession()).start();
