/** A small site that mounts several examples, with a page that explains them. `npm start` serves it. */

import type { Environ, Mounts, StartResponse } from "../mod.ts";
import { counter } from "./counter.ts";
import { echo } from "./echo.ts";
import { hello } from "./hello.ts";
import { serveWhenMain } from "./main.ts";
import { shoutingApp } from "./middleware.ts";
import { slow } from "./slow.ts";
import { digest } from "./trailers.ts";
import { patientApp, signalApp, waitApp } from "./wait_signal.ts";

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>cogen-wsgi</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
  dt { margin-top: 1rem } dd { margin: 0 }
</style>
<h1>cogen-wsgi</h1>
<p>Each page below is a generator. The server takes a step of one, then of another, all in one thread:
   while one of them waits, the others go on. You are served by <b>SOFTWARE</b>.
<dl>
  <dt><a href="hello">hello</a><dd>One block.
  <dt><a href="counter">counter</a><dd>A number a second, for ten seconds.
  <dt><a href="patient">patient</a><dd>Waits up to a minute for a signal. Open it, and then in
      another tab:
  <dt><a href="signal?hi">signal</a><dd>Wakes all waiting requests, with the text behind the question mark, and
      tells how many they were.
  <dt><a href="wait">wait</a><dd>The same wait, for one second. <code>curl -N</code> shows each block
      as it comes.
  <dt><a href="shout">shout</a><dd>Counts its visitors, through two middlewares: one makes every
      block upper case, one adds a header. The count goes down again, also if you leave early.
  <dt><a href="digest">digest</a><dd>Sends a digest of its body in a trailer:
      <code>curl -i --raw</code> shows it.
  <dt><a href="echo">echo</a><dd>Sends the body of a POST back.
  <dt><a href="slow">slow</a><dd>Counts primes for a while. Try <a href="hello">hello</a> meanwhile.
</dl>
</html>
`;

function index(environ: Environ, startResponse: StartResponse) {
  if (environ.PATH_INFO !== "/" && environ.PATH_INFO !== "") {
    startResponse("404 Not Found", [["Content-Type", "text/plain; charset=utf-8"]]);
    return [`Nothing here. Try ${environ.SCRIPT_NAME}/\n`];
  }
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  return [PAGE.replace("SOFTWARE", environ.SERVER_SOFTWARE)];
}

export const site: Mounts = {
  "/": index,
  "/hello": hello,
  "/counter": counter,
  "/wait": waitApp,
  "/patient": patientApp,
  "/signal": signalApp,
  "/shout": shoutingApp,
  "/digest": digest,
  "/echo": echo,
  "/slow": slow,
};

await serveWhenMain(import.meta, site);
