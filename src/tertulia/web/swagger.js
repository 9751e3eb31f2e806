// A file of its own: the page's Content-Security-Policy allows no script inside of it.
SwaggerUIBundle({
  url: "openapi.json", // beside the page
  dom_id: "#swagger",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null, // else it would ask a server on the internet
});
