/// What numbers and choices of an answer are worth: texts with right readings, and when two answers are one.

import MartletTasks
import Testing

@Suite struct AnswerReadingTests {
    struct Reading: Sendable, CustomTestStringConvertible {
        let text: String
        /// A plain spelling of what it is worth; nil where it must be refused.
        let value: String?
        var testDescription: String { text }

        init(_ text: String, _ value: String?) {
            self.text = text
            self.value = value
        }
    }

    static let numbers: [Reading] = [
        // Plain, and in English dress.
        .init("18", "18"), .init("18.00", "18"), .init("018", "18"), .init("$18", "18"),
        .init("$18.00.", "18"), .init("18.", "18"), .init("+18", "18"), .init("18 dollars", "18"),
        .init("18%", "18"), .init("18km", "18"), .init("18th", "18"), .init("**18**", "18"),
        .init("\\boxed{18}", "18"), .init("\\$18", "18"), .init("$18$", "18"), .init("(18)", "18"),
        .init("US$18", "18"), .init("USD18", "18"), .init("Rs. 18", "18"), .init("€ 18", "18"),
        .init("18€", "18"), .init("It is 18, not 19 or 20 but 18!", "18"),
        .init("1,024", "1024"), .init("1,024.50", "1024.5"), .init("$1,234,567.", "1234567"),
        .init("1{,}024", "1024"), .init("10,\\!000", "10000"), .init("答案是18。", "18"),
        .init("0", "0"), .init("-0.0", "0"),
        .init("123456789012345678901234567890.10", "123456789012345678901234567890.1"),
        .init("25 m²", "25"), .init("25 cm^2", "25"), .init("0.333...", "0.333"),
        .init("1, 2, 3", "3"), .init("between 7 and 9", "9"), .init("x=3, y=4", "4"),
        // Signs.
        .init("-3", "-3"), .init("-$3", "-3"), .init("$-3", "-3"), .init("-€12", "-12"),
        .init("€-12", "-12"), .init("\u{2212}3", "-3"), .init("\u{2212}$3", "-3"),
        .init("-€ 12", "-12"), .init("-US$3", "-3"), .init("Answer:-3", "-3"),
        .init("**-3**", "-3"), .init("\\boxed{-3}", "-3"), .init("= - 3", "-3"),
        .init("negative 3", "-3"), .init("It is minus 3.", "-3"), .init("10 minus 3", "3"),
        .init("7-5", "5"), .init("7 - 5", "5"), .init("f(x)-5", "5"), .init("COVID-19", "19"),
        .init("- 3 apples", "3"), .init("答案是-3", "-3"), .init("\u{2013}3", nil),
        .init("5\u{2013}3", "3"),
        // Decimals, fractions, powers of ten.
        .init(".5", "0.5"), .init("-.5", "-0.5"), .init("$.50", "0.5"), .init("is .25", "0.25"),
        .init("done.5", "5"), .init("...5", "5"), .init("1/2", "0.5"), .init("-1/2", "-0.5"),
        .init("2/4", "1/2"), .init("1/3", "2/6"), .init("36/2", "18"), .init("48 / 2", "24"),
        .init("3 1/2", "3.5"), .init("\\frac{1}{2}", "0.5"), .init("-\\dfrac{3}{4}", "-0.75"),
        .init("1e5", "100000"), .init("1E+5", "100000"), .init("2.5e-3", "0.0025"),
        .init("1e5 people", "100000"), .init("5e", "5"), .init("60 km/h", "60"),
        // The mark of GSM8K.
        .init("a 5\n#### 18", "18"), .init("#### 18\n\nQuestion: 5?", "18"),
        .init("#### 17\nno, wait\n#### 18", "18"), .init("####\n\n18\n", "18"),
        .init("\n\n 9+9=18\n\n#### $18.00\n", "18"), .init("####18 because 5", "18"),
        .init("#### 18\n####", "18"), .init("#### **18**", "18"), .init("#### -$3", "-3"),
        .init("#### Answer: 18", "18"), .init("#### 1,024 clips of 3", "1024"),
        .init("#### Step 1\n5+5 = 10", "10"), .init("#### 1. Add\n2+2 = 4", "4"),
        .init("#### 1.234,56\n7", nil), .init("####", nil),
        // The dress of other places, and what is no number.
        .init("1.234,56", nil), .init("1.234.567", nil), .init("3,14", nil), .init("12,5", nil),
        .init("0,024", nil), .init("12,34,567", nil), .init("1 024", nil), .init("1 234,56", nil),
        .init("1\u{A0}024", nil), .init("1\u{202F}024,5", nil), .init("1'024", nil),
        .init("1\u{2019}024.50", nil), .init("1_024", nil), .init("1,2,3", nil),
        .init("18万", nil), .init("3 lakh", nil), .init("5, dann ١٨", nil), .init("7 und １８", nil),
        .init("٣٫٥", nil), .init("3½", nil), .init("½", nil), .init("2024-01-05", nil),
        .init("1/2/2024", nil), .init("5.1.2024", nil), .init("10:30", nil), .init("3:4", nil),
        .init("10^5", nil), .init("10⁵", nil), .init("2 × 10^{-3}", nil), .init("2**10", nil),
        .init("√2", nil), .init("\\sqrt{2}", nil), .init("36π", nil), .init("3\\pi", nil),
        .init("5/0", nil), .init("x/2", nil), .init("(3+4)/2", nil), .init("1.5/2", nil),
        .init("\\frac{3+x}{2}", nil), .init("3-1/2", nil), .init("x2", nil), .init("H2O", nil),
        .init("0x1F", nil), .init("1e99999999", nil), .init("none", nil), .init("", nil),
        .init("eighteen", nil), .init("#", nil),
    ]

    static let choices: [Reading] = [
        .init("B", "B"), .init("(B)", "B"), .init("B.", "B"), .init(" b. ", "B"), .init("(b)", "B"),
        .init("[B]", "B"), .init("**B**", "B"), .init("B)", "B"), .init("A", "A"), .init("a", "A"),
        .init("I", "I"), .init("J", "J"), .init("(K)", "K"), .init("Z", "Z"), .init("CA", "AC"),
        .init("A, C", "AC"), .init("A,C,D", "ACD"), .init("A and C", "AC"), .init("(A)(C)", "AC"),
        .init("B. Paris", "B"), .init("b) Paris", "B"), .init("(B) a capital", "B"),
        .init("B: because A is wrong", "B"), .init("**B.** Paris", "B"),
        .init("The answer is B", "B"), .init("The answer is (B).", "B"),
        .init("The answer is b.", "B"), .init("The answer is A.", "A"), .init("Answer: I", "I"),
        .init("answer: B because A is too small", "B"), .init("The answer is A and C.", "AC"),
        .init("The answer is option D", "D"), .init("\\boxed{C}", "C"), .init("#### J", "J"),
        .init("The answer is not B but C", "C"), .init("So it must be K", "K"),
        .init("A talk is what I heard about, so B", "B"), .init("I think it's C.", "C"),
        .init("A is wrong, B is right", "B"), .init("Not A, not B; it is C", "C"),
        .init("A. Paris is small\nB. Rome is old\nSo: B", "B"), .init("Option A talks of it", "A"),
        .init("It should be A because of that", "A"), .init("Both A and D hold", "AD"),
        .init("I pick G", "G"), .init("My choice: (j)", "J"),
        .init("D, since the rest are no", "D"),
        // Words, articles, pronouns, and what leaves it open.
        .init("A dog ran", nil), .init("I do not know", nil), .init("Cab is what I take", nil),
        .init("bad", nil), .init("Face", nil), .init("DEAD", nil), .init("Feed a dog", nil),
        .init("A or B", nil), .init("The answer is A or C", nil), .init("T-shirt", nil),
        .init("the U.S. army", nil), .init("a", "A"), .init("PARIS", nil), .init("18", nil),
        .init("", nil), .init("...", nil), .init("it is not B", nil), .init("é", nil),
    ]

    @Test func thereAreEnough() { #expect(Self.numbers.count + Self.choices.count >= 120) }

    @Test(arguments: numbers) func numbersAreReadOrRefused(reading: Reading) {
        let key = AnswerKind.number.key(of: reading.text)
        #expect(key == reading.value.map { AnswerKind.number.key(of: $0) ?? "unreadable" })
        // What is read out is worth the same, and one extractor serves all.
        let plain = AnswerExtraction.number.answer(in: reading.text)
        #expect((plain == nil) == (key == nil))
        #expect(plain.map { AnswerKind.number.key(of: $0) == key } ?? true, "\(plain ?? "")")
        #expect(AnswerLayout.lastNumber.answer(in: reading.text) == plain)
        #expect(AnswerLayout.lastNumber.extraction.answer(in: reading.text) == plain)
    }

    @Test(arguments: choices) func choicesAreReadOrRefused(reading: Reading) {
        #expect(AnswerKind.choice.key(of: reading.text) == reading.value)
        #expect(AnswerExtraction.choice.answer(in: reading.text) == reading.value)
    }

    @Test func differentNumbersDiffer() {
        let different = [
            "18", "-18", "1.8", "180", "1/18", "0.18", "18e1", "18.01", "1/3", "0.3333333333333333",
        ]
        var keys = Set(different.map { AnswerKind.number.key(of: $0) })
        // 180 and 18e1 are one.
        #expect(keys.count == different.count - 1 && !keys.contains(nil))
        keys.insert(AnswerKind.number.key(of: "36/2"))
        #expect(keys.count == different.count - 1)
    }

    @Test func textsAreComparedAsTheirKindSays() {
        #expect(AnswerKind.text.key(of: " A ") == " A ")
        #expect(AnswerKind.phrase.key(of: " Paris\n") == "paris")
        #expect(
            AnswerKind.words.key(of: "The 308 points!") == AnswerKind.words.key(of: "points 308"))
    }

    @Test func layoutsAndSearchesReadAlike() {
        for (layout, text, answer) in [
            (AnswerLayout.line, "\n \n Paris \nRome", "Paris"),
            (.tags, "<answer>\n1. a\n2. b\n</answer>", "1. a\n2. b"),
            (.scratchPad, "3+4#7", "7"), (.text, " all of it\n", " all of it\n"),
            (.lastNumber, "so 17\n#### $18", "18"), (.program, "  return 2\nprint()", "  return 2"),
        ] {
            #expect(layout.answer(in: text) == answer)
            #expect(layout.extraction.answer(in: text) == answer)
        }
    }

    @Test func cutTextsSayNumbersOnlyWhenSomethingFollows() {
        for (text, isFinal) in [("#### 18\n", true), ("#### 18", false), ("so 18 now", false)] {
            let found = AnswerExtraction.number.find(in: text, isComplete: false)
            #expect(found?.isFinal == isFinal)
        }
    }

    /// Whatever a model writes is read in time that grows with its length, and traps nothing.
    @Test func anyTextIsRead() {
        let pieces = [
            "#", "####", "\\frac{", "}{", "12", "0", ".", ",", "-", "\u{2212}", "$", "/", "^", "e",
            " ", "A",
            "I", "(", ")", "\n", "é", "\u{301}", "答", "²", "١", "not ", "or ", "_",
        ]
        var state: UInt32 = 9
        for _ in 0..<4000 {
            var text = ""
            for _ in 0..<9 {
                state = state &* 1_664_525 &+ 1_013_904_223
                text += pieces[Int(state >> 16) % pieces.count]
            }
            for kind in AnswerKind.allCases { _ = kind.key(of: text) }
        }
        for piece in ["1", "1,", "1 ", "1/", "#### ", "-", "A ", "(A", "$", "\\"] {
            let text = String(repeating: piece, count: 5_000)
            _ = AnswerKind.number.key(of: text)
        }
    }
}
