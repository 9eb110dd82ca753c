/// Templates that take too much, and templates that are damaged.

import MartletJSON
import Testing

@testable import MartletTemplates

@Suite("Limits of templates")
struct LimitTests {
    private static func kind(_ source: String, _ limits: RenderLimits = RenderLimits())
        -> TemplateError.Kind?
    {
        do throws(TemplateError) {
            _ = try ChatTemplate(source).render(JSONObject(), limits: limits)
            return nil
        } catch { return error.kind }
    }

    @Test(
        "A template that takes too much is stopped",
        arguments: [
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
            "{% set ns = namespace(s='x') %}{% for i in range(99999) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
            "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
            "{{ 'x' * 99999999999 }}", "{{ [0] * 99999999999 }}", "{{ range(1000000) }}",
            "{{ 9223372036854775807 + 1 }}", "{{ 10 ** 100 }}",
            "{{ 'x'|center(99999999)|center(99999999) * 100000 }}",
            "{% for x in range(100000) %}{{ 'a' * 1000 }}{% endfor %}",
            "{{ ('%99999s' % 'x') * 99999 }}",
            "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
            "{% set s = 'x' * 99999 %}{{ range(9999)|join(s) }}",
            "{% set s = 'x' * 99999 %}{{ ([s] * 9999)|tojson }}",
            "{{ [0] * 99999 }}", "{{ [1]|tojson(indent='x' * 999) }}",
            "{% set s = 'x' * 99999 %}{{ s ~ s ~ s }}",
        ])
    func isStopped(_ source: String) {
        var limits = RenderLimits()
        limits.steps = 100_000
        limits.bytes = 1 << 18
        #expect(Self.kind(source, limits) == .limit)
    }

    @Test("The limits that hold where none are given")
    func limitsOfDownloads() {
        let limits = RenderLimits()
        #expect(limits.bytes == 16 << 20)
        #expect(limits.steps == 10_000_000)
        #expect(limits.calls == 100)
    }

    @Test("Time runs out by the clock")
    func timeRunsOut() {
        var limits = RenderLimits()
        limits.steps = .max
        limits.time = .milliseconds(20)
        let source =
            "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"
        #expect(Self.kind(source, limits) == .limit)
    }

    @Test("Nesting is refused before it costs stack")
    func nestingIsRefused() {
        let deep = 5000
        for source in [
            "{{ " + String(repeating: "(", count: deep) + "1" + String(repeating: ")", count: deep)
                + " }}",
            "{{ " + String(repeating: "not ", count: deep) + "1 }}",
            "{{ " + String(repeating: "-", count: deep) + "1 }}",
            "{{ 1" + String(repeating: " + 1", count: deep) + " }}",
            "{{ x" + String(repeating: ".y", count: deep) + " }}",
            "{{ x" + String(repeating: "|e", count: deep) + " }}",
            String(repeating: "{% if 1 %}", count: deep)
                + String(repeating: "{% endif %}", count: deep),
            "{{ 1" + String(repeating: " if 1 else 1", count: deep) + " }}",
            "{{ " + String(repeating: "[", count: deep) + String(repeating: "]", count: deep)
                + " }}",
        ] {
            #expect(Self.kind(source) == .syntax)
        }
    }

    @Test("A damaged template is refused or rendered, and never traps")
    func damagedTemplates() {
        var generator = SplitMix(state: 7)
        for row in ExpressionTests.renders {
            let bytes = Array(row.template.utf8)
            for _ in 0..<40 where !bytes.isEmpty {
                var damaged = bytes
                for _ in 0...generator.below(3) {
                    let place = generator.below(damaged.count)
                    switch generator.below(3) {
                    case 0: damaged[place] = UInt8(generator.below(128))
                    case 1 where damaged.count > 1: damaged.remove(at: place)
                    default:
                        damaged.insert(
                            contentsOf: bytes[generator.below(bytes.count)...].prefix(5), at: place)
                    }
                }
                var limits = RenderLimits()
                limits.steps = 20_000
                _ = Self.kind(String(decoding: damaged, as: UTF8.self), limits)
            }
        }
    }
}

/// Numbers that are the same in every run.
struct SplitMix {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(max(1, bound)))
    }
}
