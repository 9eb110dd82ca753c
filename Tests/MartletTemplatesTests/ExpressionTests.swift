/// Small templates and what Jinja makes of them.

import MartletJSON
import Testing

@testable import MartletTemplates

@Suite("Expressions and statements")
struct ExpressionTests {
    static let context = #"""
        {"a": [3, 1, 2], "s": "Hello Wörld", "d": {"b": 1, "A": 2, "n": null}, "n": null, "l": ["x", "B", "a"], "f": 1.5, "items": [{"n": "p", "v": 1}, {"n": "q", "v": 2}], "t": "  pad\n", "u": "a<b>&'\"", "big": 1e+16, "small": 1e-05, "e": []}
        """#
    static let clock = TemplateClock.fixed(
        LocalTime(year: 2026, month: 11, day: 21, hour: 1, minute: 2, second: 3))

    /// Template and rendered text, as jinja2 3.1.6 gives it with the settings of transformers.
    static let renders: [(template: String, expected: String)] = [
        (
            "{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1.5 * 2 }}",
            "7 3 -4 2 3.5 1024 3.0"
        ),
        ("{{ 'a' ~ 1 ~ none ~ true ~ [1, 'x'] ~ {'k': (1,)} }}", "a1NoneTrue[1, 'x']{'k': (1,)}"),
        (
            "{{ s[0] }}{{ s[-1] }}{{ s[1:3] }}{{ s[::-1] }}{{ s[:-2] }}{{ s[::2] }}{{ a[1:] }}{{ a[::-1] }}",
            "HdeldlröW olleHHello WörHloWrd[1, 2][2, 1, 3]"
        ),
        (
            "{{ s|length }} {{ s|upper }} {{ s|lower }} {{ s|title }} {{ s|capitalize }} {{ t|trim }}|",
            "11 HELLO WÖRLD hello wörld Hello Wörld Hello wörld pad|"
        ),
        (
            "{{ a|sort }} {{ l|sort }} {{ l|sort(reverse=true) }} {{ items|sort(attribute='v', reverse=true)|map(attribute='n')|join(',') }}",
            "[1, 2, 3] ['a', 'B', 'x'] ['x', 'B', 'a'] q,p"
        ),
        (
            "{{ d|dictsort }} {{ d|tojson }} {{ d|tojson(indent=2) }} {{ d|items|list }}",
            "[('A', 2), ('b', 1), ('n', None)] {\"b\": 1, \"A\": 2, \"n\": null} {\n  \"b\": 1,\n  \"A\": 2,\n  \"n\": null\n} [('b', 1), ('A', 2), ('n', None)]"
        ),
        (
            "{{ items|selectattr('v', 'gt', 1)|list }} {{ items|rejectattr('v', 'equalto', 1)|map(attribute='n')|first }}",
            "[{'n': 'q', 'v': 2}] q"
        ),
        (
            "{{ big }} {{ small }} {{ f }} {{ 100.0 }} {{ 1e22 }} {{ 123456789.125 }}",
            "1e+16 1e-05 1.5 100.0 1e+22 123456789.125"
        ),
        (
            "{{ missing }}|{{ missing|default('x') }}|{{ n|default('y') }}|{{ n|default('y', true) }}|{{ missing is defined }}",
            "|x|None|y|False"
        ),
        (
            "{{ s.foo }}|{{ d.b }}|{{ d['b'] }}|{{ d.get('zz', 'dflt') }}|{{ d.keys()|list }}|{{ d.values()|list }}",
            "|1|1|dflt|['b', 'A', 'n']|[1, 2, None]"
        ),
        (
            "{% for x in a %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.previtem|default('-') }}{{ loop.nextitem|default('-') }};{% endfor %}",
            "1TrueFalse3-1;2FalseFalse232;3FalseTrue11-;"
        ),
        (
            "{% for x in a if x > 1 %}{{ x }}{% else %}none{% endfor %}{% for x in e %}{% else %}empty{% endfor %}",
            "32empty"
        ),
        ("{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "b=1;A=2;n=None;"),
        (
            "{% set ns = namespace(x=0) %}{% for x in a %}{% set ns.x = ns.x + x %}{% endfor %}{{ ns.x }}",
            "6"
        ),
        ("{% set x = 1 %}{% for i in a %}{% set x = i %}{% endfor %}{{ x }}", "1"),
        (
            "{% macro m(a, b='d') %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}{{ m() }}",
            "[1d][12][d]"
        ),
        ("{% macro w() %}<{{ caller() }}>{% endmacro %}{% call w() %}in{% endcall %}", "<in>"),
        ("{% set y %}block {{ s }}{% endset %}{{ y|upper }}", "BLOCK HELLO WÖRLD"),
        ("{% filter upper %}x{{ s }}{% endfilter %}", "XHELLO WÖRLD"),
        ("{% with q = 5 %}{{ q }}{% endwith %}{{ q is defined }}", "5False"),
        ("{% for x in a %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}", "3"),
        ("{% for x in a %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "32"),
        (
            "{{ 'xxabxx'.strip('x') }} {{ 'xxab'.lstrip('x') }} {{ 'abxx'.rstrip('x') }} {{ 'ab'.startswith('a') }} {{ 'ab'.endswith(('b', 'c')) }}",
            "ab ab ab True True"
        ),
        (
            "{{ 'aXbX'.replace('X', 'y', 1) }} {{ 'a'.upper() }} {{ 'abc'.find('c') }} {{ 'a-b'.partition('-') }} {{ 'ab'.title() }}",
            "aybX A 2 ('a', '-', 'b') Ab"
        ),
        (
            "{{ '%s and %d %05.2f %r' % ('x', 3, 2.5, 'q') }} {{ '%s'|format('z') }} {{ '{} {1}'.format(1, 2) if false else '{0}-{1}'.format(1, 2) }}",
            "x and 3 02.50 'q' z 1-2"
        ),
        (
            "{{ a is iterable }} {{ s is string }} {{ d is mapping }} {{ n is none }} {{ 1 is number }} {{ true is boolean }} {{ a is sequence }} {{ 3 is odd }} {{ 1 is in a }} {{ 3 is divisibleby 3 }}",
            "True True True True True True True True True True"
        ),
        (
            "{{ 1 in a }} {{ 'W' in s }} {{ 'b' in d }} {{ 5 not in a }} {{ not true }} {{ 1 < 2 < 3 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ (1, 2) == (1, 2) }}",
            "True True True True False True True True True"
        ),
        (
            "{{ u|e }} {{ u|safe + u }} {{ (u|safe) ~ u }} {{ ['a', u|safe]|join('<') }}",
            #"a&lt;b&gt;&amp;&#39;&#34; a<b>&'"a&lt;b&gt;&amp;&#39;&#34; a<b>&'"a<b>&'" a<a<b>&'""#
        ),
        ("{{ 'x' if false }}|{{ 'a' if true else 'b' }}", "|a"),
        (
            "{{ range(3)|list }} {{ range(1, 7, 2)|list }} {{ range(3) }} {{ dict(a=1) }}",
            "[0, 1, 2] [1, 3, 5] range(0, 3) {'a': 1}"
        ),
        (
            "{{ [1, 2]|map('string')|list }} {{ a|map('upper') is iterable }} {{ ['a', 'b']|map('upper')|join }}",
            "['1', '2'] True AB"
        ),
        (
            "{{ a|sum }} {{ a|max }} {{ a|min }} {{ a|first }} {{ a|last }} {{ a|reverse|list }} {{ s|reverse }} {{ [1, 1, 2]|unique|list }}",
            "6 3 1 3 2 [2, 1, 3] dlröW olleH [1, 2]"
        ),
        (
            "{{ '12'|int + 1 }} {{ 'x'|int }} {{ '3.7'|int }} {{ '2.5'|float }} {{ 3.7|round }} {{ -3|abs }} {{ 'x'|int(9) }}",
            "13 0 3 2.5 4.0 3 9"
        ),
        (#"{{ 'a\nb\n\nc'|indent }} {{ 'a\nb'|indent(2, true) }}"#, "a\n    b\n\n    c   a\n  b"),
        (
            #"{{ ['é', '\n', '\x00', 'it\'s', '"', '\\']}} {{ ['é', '\n', '\x01', '/']|tojson }} {{ 'é'|tojson(ensure_ascii=true) }}"#,
            #"['é', '\n', '\x00', "it's", '"', '\\'] ["é", "\n", "\u0001", "/"] "\u00e9""#
        ),
        (
            "{{ {1: 'a', none: 2, true: 3}|tojson }} {{ [1.0, 1e20, none, true]|tojson }} {{ d|tojson(sort_keys=true) }} {{ a|tojson(separators=(',', ':')) }}",
            #"{"1": 3, "null": 2} [1.0, 1e+20, null, true] {"A": 2, "b": 1, "n": null} [3,1,2]"#
        ),
        ("  {% if true %}\n  yes\n  {% endif %}\nend", "  yes\nend"),
        ("a  {%- if true -%}  b  {%- endif -%}  c", "abc"),
        ("a {{- 1 -}} b {{ 2 }} c {# note #} d {#- note -#} e", "a1b 2 c  de"),
        ("\n  {# comment #}\nx\n   {% set z = 1 %}   \ny{{ z }}\n", "\nx\n   \ny1"),
        ("{%+ if true %} x{%+ endif +%}\n y", " x\n y"),
        ("{% raw %}{{ not }} {% if %}{% endraw %}\nz", "{{ not }} {% if %}z"),
        (#"{{ "a" "b" }} {{ 'x' 'y' }}"#, "ab xy"),
        (
            "{{ d|tojson|safe }}{{ ''.join(['a', 'b']) }}{{ '-'.join(l) }}",
            #"{"b": 1, "A": 2, "n": null}abx-B-a"#
        ),
        ("{{ loop is defined }}{% for i in [1] %}{{ loop.cycle('a', 'b') }}{% endfor %}", "Falsea"),
        (
            "{% for row in [[1, [2, [3]]]] recursive %}{% if row is iterable %}({{ loop(row) }}){% else %}{{ row }}{% endif %}{% endfor %}",
            "(1(2(3)))"
        ),
        (
            "{{ strftime_now('%Y-%m-%d %B %b %A %H:%M:%S %j %-d %I %p') }}",
            "2026-11-21 November Nov Saturday 01:02:03 325 21 01 AM"
        ),
        ("{{ 'ab' * 3 }} {{ [0] * 2 }} {{ 3 * 'x' }}", "ababab [0, 0] xxx"),
        (
            "{{ items|groupby('v') }} {{ a|batch(2)|list }} {{ 'a b c'|wordcount }} {{ 'abc'|center(7) }}|",
            "[(1, [{'n': 'p', 'v': 1}]), (2, [{'n': 'q', 'v': 2}])] [[3, 1], [2]] 3   abc  |"
        ),
        ("{{ n and 1 }} {{ n or 'z' }} {{ 0 or '' or 'q' }} {{ 1 and 2 }}", "None z q 2"),
        ("{{ 1 if n is none and s is string else 2 }} {{ a|length > 2 and a[0] == 3 }}", "1 True"),
        ("{% generation %}gen{% endgeneration %}", "gen"),
        ("{{ 'A' < 'a' }} {{ [1, 2] < [1, 3] }} {{ 'é' > 'z' }}", "True True True"),
        ("{{ a[10] }}|{{ a[10] is defined }}|{{ s[99] is defined }}", "|False|False"),
        (
            "{{ (1,) }} {{ () }} {{ {'a': [1, {'b': none}]} }} {{ -a[0] }} {{ +1 }} {{ 1.0 // 0.3 }}",
            "(1,) () {'a': [1, {'b': None}]} -3 1 3.0"
        ),
        (
            "{{ 'abcdef'[1:10:2] }} {{ 'abc'[5:] }} {{ 'abc'[-5:2] }} {{ 'abc'[2:0:-1] }} {{ a[-1:] }}",
            "bdf  ab cb [2]"
        ),
        (
            "{%- set ns = namespace(items=[]) -%}{%- set ns.items = ns.items + ['x'] -%}{{ ns.items }}{{ ns.nope is defined }}",
            "['x']False"
        ),
        (
            "{% macro f(x) %}{{ x }}{% if x > 0 %}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
            "3210"
        ),
        (
            "{% set f = 'a' %}{% macro g() %}{{ f }}{{ zz }}{% endmacro %}{% set zz = 'late' %}{{ g() }}",
            "alate"
        ),
        (
            "{{ 'x'|default }} {{ ''|default('e', true) }} {{ [] is defined }} {{ 5 is string }} {{ 'a' is eq 'a' }} {{ 4 is gt 3 }}",
            "x e True False True True"
        ),
        (
            #"{{ 'line1\r\nline2\x0bline3'.splitlines() }} {{ 'Abc'.isupper() }} {{ '12'.isdigit() }} {{ 'ab1'.isalnum() }}"#,
            "['line1', 'line2', 'line3'] False True True"
        ),
    ]

    /// Template, kind of fault, message, and its line and column.
    static let faults:
        [(template: String, kind: TemplateError.Kind, message: String, place: String)] = [
            ("{{ missing.x }}", .undefined, "'missing' is undefined", "1:11"),
            ("{{ d.missing.x }}", .undefined, "'dict object' has no attribute 'missing'", "1:13"),
            (
                "{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.split(' ', 1) }} {{ 'abc'.split('') }}",
                .value, "empty separator", "1:92"
            ),
            (
                "{{ a.append(4) }}", .security,
                "access to attribute 'append' of 'list' object is unsafe.", "1:12"
            ),
            (
                "{% set _ = a.append(4) %}{{ a }}", .security,
                "access to attribute 'append' of 'list' object is unsafe.", "1:20"
            ),
            ("{{ raise_exception('no way') }}", .raised, "no way", "1:19"),
            ("{{ 1 + 'a' }}", .type, "unsupported operand type(s) for +: 'int' and 'str'", "1:4"),
            ("{{ 'a' + 1 }}", .type, #"can only concatenate str (not "int") to str"#, "1:4"),
            ("{{ [1] + 'a' }}", .type, #"can only concatenate list (not "str") to list"#, "1:4"),
            (
                "{{ none + 1 }}", .type, "unsupported operand type(s) for +: 'NoneType' and 'int'",
                "1:4"
            ),
            (
                "{{ 1 < 'a' }}", .type, "'<' not supported between instances of 'int' and 'str'",
                "1:8"
            ),
            ("{{ 1 in 5 }}", .type, "argument of type 'int' is not iterable", "1:9"),
            ("{{ s() }}", .type, "'str' object is not callable", "1:5"),
            ("{{ missing() }}", .undefined, "'missing' is undefined", "1:11"),
            ("{{ s.nope() }}", .undefined, "'str object' has no attribute 'nope'", "1:10"),
            ("{{ 5|length }}", .type, "object of type 'int' has no len()", "1:5"),
            ("{{ a|map('nope')|list }}", .runtime, "No filter named 'nope' found.", "1:5"),
            (
                "{% if true %}", .syntax,
                "unexpected the end of the template, expected '{% elif %}' or '{% else %}' or '{% endif %}'",
                "1:14"
            ),
            ("{% endfor %}", .syntax, "unknown tag 'endfor'", "1:4"),
            ("{{ 1 + }}", .syntax, "unexpected '}}', expected an expression", "1:8"),
            ("{{ (1, 2 }}", .syntax, "unexpected '}'", "1:10"),
            ("{% unknown %}", .syntax, "unknown tag 'unknown'", "1:4"),
            ("{{ 'abc }}", .syntax, "a string has no end", "1:4"),
            ("{% for x in 5 %}{% endfor %}", .type, "'int' object is not iterable", "1:13"),
            (
                "{% for a, b in [[1, 2, 3]] %}{% endfor %}", .value,
                "too many values to unpack (expected 2)", "1:24"
            ),
            (
                "{% set a.x = 1 %}", .runtime, "cannot assign attribute on non-namespace object",
                "1:14"
            ),
            (
                "{{ a|tojson|length }}{{ a|map('string')|tojson }}", .type,
                "Object of type generator is not JSON serializable", "1:40"
            ),
            (
                "{{ s.__class__.__mro__ }}", .security,
                "access to attribute '__class__' of 'str' object is unsafe.", "1:15"
            ),
            ("{{ a[10].x }}", .undefined, "list object has no element 10", "1:9"),
            (
                "{{ 10|string + 'x' }} {{ 'a' 'b' ~ 'c' }} {{ 1 ~ 2 + 3 }}", .type,
                #"can only concatenate str (not "int") to str"#, "1:46"
            ),
        ]

    private static func render(_ source: String) throws -> String {
        let context = try #require(try JSONValue.parse(Array(context.utf8)).objectValue)
        return try ChatTemplate(source).render(context, clock: clock).text
    }

    @Test("A template renders as Jinja renders it", arguments: renders)
    func rendersAsJinja(_ row: (template: String, expected: String)) throws {
        #expect(try Self.render(row.template) == row.expected)
    }

    @Test("A fault has its kind, its message and its place", arguments: faults)
    func faultsAsJinja(
        _ row: (template: String, kind: TemplateError.Kind, message: String, place: String)
    ) throws {
        let error = #expect(throws: TemplateError.self) { try Self.render(row.template) }
        #expect(error?.kind == row.kind)
        #expect(error?.message == row.message)
        #expect(error.map { "\($0.line):\($0.column)" } == row.place)
    }
}
