import js from "@eslint/js";
import globals from "globals";

/** What a model may not touch: it is told what happens, and asks for nothing. */
const OUTSIDE = [
  "document",
  "window",
  "self",
  "globalThis",
  "navigator",
  "location",
  "fetch",
  "WebSocket",
  "XMLHttpRequest",
  "indexedDB",
  "localStorage",
  "sessionStorage",
  "BroadcastChannel",
  "setTimeout",
  "setInterval",
  "clearTimeout",
  "clearInterval",
  "requestAnimationFrame",
];

export default [
  {
    ignores: [
      "**/node_modules/",
      "**/dist/",
      ".venv/",
      "build/",
      "data/",
      "src/tertulia/web/*.js",
      "src/tertulia/web/client/types/",
    ],
  },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "none" }],
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", 40],
      "max-classes-per-file": ["error", 1],
      complexity: ["error", 10],
    },
  },
  {
    files: ["src/tertulia/{web,dialects}/**/*.js", "examples/**/*.{js,jsx}"],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ["examples/**/*.jsx"],
    languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } },
  },
  {
    // A model never touches the page, the network or the clock: so it can be tried anywhere.
    files: ["src/tertulia/web/**/model/**/*.js"],
    rules: {
      "no-restricted-globals": ["error", ...OUTSIDE],
      "no-restricted-imports": [
        "error",
        { patterns: ["**/net/socket.js", "**/net/link.js", "**/view/**"] },
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now" },
        { object: "Math", property: "random" },
      ],
    },
  },
  {
    // HTML is never made from text.
    files: ["src/tertulia/{web,dialects}/**/*.js"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML|srcdoc)$/]",
          message: "Text goes in by textContent.",
        },
      ],
    },
  },
  {
    files: ["src/tertulia/web/client/net/errors.js"],
    rules: { "max-classes-per-file": "off" },
  },
  {
    files: ["tests/web/**/*.js", "*.config.js"],
    languageOptions: { globals: globals.node },
    rules: { "max-lines": "off", "max-lines-per-function": "off", "max-classes-per-file": "off" },
  },
];
