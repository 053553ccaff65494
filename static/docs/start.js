// Starts Swagger UI: the content policy allows no script inside the page itself.
"use strict";

const host = /** @type {HTMLElement} */ (document.getElementById("swagger-ui"));
// @ts-ignore swagger-ui-bundle.js, loaded before this file, defines it
SwaggerUIBundle({
  url: host.dataset.openapi,
  domNode: host,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null, // the default sends the schema to a server elsewhere
});
