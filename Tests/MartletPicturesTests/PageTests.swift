/// Pages and plots: what stands in them, and what no text in them can do.

import Foundation
import Testing

@testable import MartletPictures

@Suite struct PageTests {
    @Test func textCannotLeaveItsPlace() {
        #expect(HTML.escaped("<a href=\"x\">&") == "&lt;a href=&quot;x&quot;&gt;&amp;")
        #expect(
            HTML.scriptData(Array("{\"a\":\"</script>\"}".utf8)) == "{\"a\":\"\\u003c/script>\"}")
        #expect(
            HTML.escaped("\"\u{301}>\u{301}\u{1B}[2J\u{9B}\n\0")
                == "&quot;\u{301}&gt;\u{301}\u{241B}[2J\u{FFFD}\n\u{2400}")
        let page = HTML.page(title: "a < b", style: "p {}", body: "<p>c</p>", script: "go();")
        #expect(page.contains("<title>a &lt; b</title>"))
        #expect(page.contains("<p>c</p><script>\ngo();\n</script>"))
    }

    /// The step at which a position goes is noted once, whatever comes later.
    @Test func aTraceKnowsWhenPositionsWent() {
        var trace = CacheTrace(policy: "window", isLossy: true, tableCount: 2)
        let steps: [(count: Int, held: [[Int]])] = [
            (2, [[0, 1], [0, 1]]), (3, [[1, 2], [0, 1, 2]]), (4, [[3], [0, 2, 3]]),
        ]
        for (count, held) in steps {
            trace.note(.init(count: count, bytes: count, bytesRead: 0, bytesMoved: 0, kvReads: 0)) {
                held[$0]
            }
        }
        #expect(trace.steps.map(\.count) == [2, 3, 4])
        #expect(trace.gone == [[1, 2, 2, -1], [-1, 2, -1, -1]])
    }

    @Test func ticksAreRoundNumbers() {
        #expect(StepPlot.ticks(3, 60) == [5, 10, 20, 50])
        #expect(StepPlot.ticks(0.5, 20_000) == [1, 10, 100, 1000, 10_000])
        #expect(StepPlot.ticks(0.95, 3.1) == [1, 1.2, 1.5, 2, 2.5, 3])
        #expect(StepPlot.ticks(0, 1).isEmpty && StepPlot.ticks(2, 2).isEmpty)
        #expect(
            [1234, 34_000_000, 0.05, 7, 2e9].map(StepPlot.short)
                == ["1.23k", "34M", "0.050", "7", "2G"])
    }

    @Test func aPlotHasADotForEveryMeasurement() throws {
        let plot = StepPlot(
            title: "a", costTitle: "bytes",
            series: [
                .init(
                    name: "x < y", style: "c0", labels: .above,
                    dots: [
                        .init(cost: 10, share: 0.5, isLarge: true, tip: "one"),
                        .init(cost: 0, share: 0.1, isLarge: false, tip: "free"),
                        .init(cost: nil, share: 0.2, isLarge: false, tip: "unknown"),
                        .init(cost: 100, share: 0.7, isLarge: true, tip: "two"),
                    ],
                    steps: [
                        .init(cost: 10, share: 0.5, label: "A"),
                        .init(cost: 100, share: 0.7, label: "B"),
                    ])
            ])
        let svg = try #require(plot.svg)
        #expect(svg.components(separatedBy: "<circle").count == 3)
        #expect(svg.contains("x &lt; y") && svg.contains(">A<") && svg.contains(">B<"))
        #expect(StepPlot(title: "", costTitle: "", series: []).svg == nil)
    }
}
