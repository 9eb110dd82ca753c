// What stands on the page that shows a cache's heads and positions over time: one file, nothing fetched.

/// The parts of the page, without its data.
enum CacheMapTemplate {
    // swift-format-ignore
    static let body = #"""
<header>
	<h1 id="model"></h1>
	<div id="shape" class="soft"></div>
	<code id="command"></code>
</header>
<div id="bar"><div>
	<button id="play" type="button">Play</button>
	<input id="time" type="range" step="1" aria-label="Tokens computed">
	<output id="now" for="time"></output>
</div></div>
<main>
	<p id="none" hidden></p>
	<div id="all">
	<section>
		<div class="scroll"><table><thead><tr>
			<th>Policy</th><th>Live tokens<br>per head</th><th>Share<br>held</th><th>Compression</th>
			<th>Bytes<br>held</th><th>Bytes moved<br>in step</th><th>KV reads<br>in step</th>
		</tr></thead><tbody id="rows"></tbody></table></div>
	</section>
	<section>
		<div class="head"><h2>What each head holds</h2>
			<div class="legend soft"><span>evicted <i class="ramp"></i> held</span><span><i class="blank"></i>not yet computed</span>
			<span>One row per KV head, by layer (L); one column per position</span></div></div>
		<div id="maps"></div>
	</section>
	<section>
		<div class="head"><h2>The text</h2>
			<label class="soft" id="pick">Shaded by the share of heads that hold it under <select id="policy"></select></label>
			<span class="soft" id="range"></span></div>
		<div id="text" class="card" tabindex="0"></div>
		<p id="marked" class="soft"></p>
	</section>
	<section>
		<div class="head"><h2>Over time</h2><div class="legend soft" id="keys"></div></div>
		<div id="charts"></div>
		<p class="soft">Click in a curve to go there. Keys: Space plays, Left and Right step (Shift: ten steps), Home and End.
			In a map the arrows move a cell, Enter marks its position, Escape clears it.</p>
	</section>
	</div>
</main>
<div id="tip" role="status"></div>

"""#
}
