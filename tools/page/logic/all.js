/// Runs every test of the page's logic and leaves what it found in `window.results`.

import "./archive.js";
import "./format.js";
import "./markdown.js";
import "./math.js";
import "./tree.js";
import "./wire.js";
import { run } from "./check.js";

window.results = await run();
