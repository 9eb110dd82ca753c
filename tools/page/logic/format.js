import { bytes, percent, readBytes, readSeconds, seconds, short, whole } from "../../../Sources/CMartletPage/Page/format.js";
import { same, test } from "./check.js";

test("numbers are short and have units", () => {
  same([0, 999, 1000, 1_530_000, 99_960_000, 2.5e9].map(bytes), ["0 B", "999 B", "1.00 kB", "1.53 MB", "100 MB", "2.50 GB"]);
  same([NaN, 7, 1234567].map(whole), ["–", "7", "1\u2009234\u2009567"]);
  same([1, 1.25, 33.333, 1000].map(short), ["1", "1.25", "33.3", "1\u2009000"]);
  same([0, 0.004, 0.5, 1].map(percent), ["0 %", "0.4 %", "50 %", "100 %"]);
  same([0, 1.25e-8, 8.5e-5, 0.0003].map(seconds), ["0 s", "12.5 ns", "85 µs", "300 µs"]);
  same([0.0042, 0.34, 2.44, 59.97, 185].map(seconds), ["4.2 ms", "340 ms", "2.4 s", "1 min 0 s", "3 min 5 s"]);
});

test("sizes and times are read or refused", () => {
  same(["", "64MB", "1.5 GiB", "512", "3kb"].map(readBytes), [null, 64e6, 1.5 * 1024 ** 3, 512, 3000]);
  same(["12 apples", "-1", "MB", "1e9"].map((text) => Number.isNaN(readBytes(text))), [true, true, true, true]);
  same(["", "5s", "800 ms", "2 min", "1.5"].map(readSeconds), [null, 5, 0.8, 120, 1.5]);
  same(["soon", "0", "-3s", "5 h"].map((text) => Number.isNaN(readSeconds(text))), [true, true, true, true]);
});
