// Answers who powers it, on the port that the platform gives it.
const http = require("node:http");
const escape = require("escape-html");

const port = process.env.PORT || 5000;
const server = http.createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(`Powered by ${escape(process.env.POWERED_BY || "Slipway")}\n`);
});

// SIGTERM means: finish what you have begun, then go.
process.on("SIGTERM", () => {
  server.close(() => console.log("stopped in order"));
  server.closeIdleConnections();
});

server.listen(port, () => console.log(`listening on port ${port}`));
