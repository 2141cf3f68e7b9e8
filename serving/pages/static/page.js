// What JavaScript adds to pages that work without it, one subject a module.
import "./js/asking.js";
import "./js/endless.js";
import "./js/picture.js";
import "./js/crop.js";
import "./js/keys.js";
import "./js/placeholders.js";
import "./js/live.js";
import "./js/turn.js";
import "./js/prices.js";
