// Rows of batches: whole documents that see only themselves, the same however they are asked for.

import MartletTasks
import MartletTokenizers
import Testing

@testable import MartletTraining

@Suite struct BatchComposerTests {
    struct Counting: ExampleSource {
        let first: Int32
        func example(seed: UInt64, index: Int, room: Int) -> TrainingExample {
            let count = 3 + (index & 7)
            return TrainingExample(
                tokens: (0..<Int32(count)).map { first + $0 },
                weights: (0..<count).map { Float($0) })
        }
    }

    @Test func packing() {
        let composer = BatchComposer(
            shares: [
                DataShare(source: Counting(first: 100), share: 1),
                DataShare(source: Counting(first: 500), share: 3, span: 0.5...1),
            ], seed: 4, padding: 9)
        var late = 0
        for number in 0..<200 {
            let row = composer.row(number, length: 40, progress: number < 100 ? 0.2 : 0.8)
            for place in 0..<40 where place < row.filled {
                let start = Int(row.starts[place])
                #expect(Int(row.positions[place]) == place - start)
                let base = row.tokens[place] >= 500 ? Int32(500) : 100
                #expect(row.tokens[place] == base + row.positions[place])
                // The target is the next token, counted as that token counts.
                #expect(row.targets[place] == row.tokens[place] + 1)
                #expect(row.weights[place] == Float(row.positions[place] + 1))
                if base == 500 { late += 1 }
                if number < 100 { #expect(base == 100) }
            }
            for place in row.filled..<40 {
                #expect(row.weights[place] == 0 && Int(row.starts[place]) == place)
            }
            let again = composer.row(number, length: 40, progress: number < 100 ? 0.2 : 0.8)
            #expect(again.tokens == row.tokens && again.weights == row.weights)
        }
        #expect(late > 2000)
    }

    /// Training never shows a held-out problem, and the end of a text is never trained on.
    @Test func heldOut() throws {
        let tokenizer = try ModelTokenizer.bytes()
        let task = try TaskRegistry.task("chain(steps=3)")
        let training = TaskSource(
            task, tokenizer: tokenizer.tokenizer, endToken: 256, promptWeight: 0)
        let held = TaskSource(
            task, tokenizer: tokenizer.tokenizer, endToken: 256, promptWeight: 0, split: .heldOut)
        let seen = Set((0..<300).map { training.example(seed: 1, index: $0, room: 99).tokens })
        for index in 0..<100 {
            let example = held.example(seed: 2, index: index, room: 99)
            #expect(!seen.contains(example.tokens))
            #expect(example.tokens.last == 256 && example.weights.last == 1)
        }
        let text = (0..<1000).map { Int32($0) }
        let (first, last) = (
            try TextSource(tokens: text, name: "t"),
            try TextSource(tokens: text, name: "t", isHeldOut: true)
        )
        for index in 0..<200 {
            #expect(first.example(seed: 1, index: index, room: 50).tokens.max()! < 950)
            #expect(last.example(seed: 1, index: index, room: 20).tokens.min()! >= 950)
        }
        #expect(throws: TrainingError.self) { try TextSource(tokens: [1], name: "t") }
    }

    /// A fifth of what may be trained on and the rest of it share neither a problem nor a token of a text.
    @Test func partsAreDisjoint() throws {
        let tokenizer = try ModelTokenizer.bytes()
        func source(_ part: TrainingPart) throws -> TaskSource {
            TaskSource(
                try TaskRegistry.task("sorting(count=4)"), tokenizer: tokenizer.tokenizer,
                endToken: 256, promptWeight: 0, split: .training, part: part)
        }
        let (fifth, rest) = (try source(.fifth), try source(.remainder))
        let problems = Set((0..<400).map { fifth.example(seed: 1, index: $0, room: 99).tokens })
        let others = Set((0..<400).map { rest.example(seed: 1, index: $0, room: 99).tokens })
        #expect(problems.count > 380 && others.count > 380 && problems.isDisjoint(with: others))

        let text = (0..<1000).map { Int32($0) }
        func end(_ part: TrainingPart) throws -> ClosedRange<Int32> {
            let source = try TextSource(tokens: text, name: "t", isHeldOut: false, part: part)
            let seen = (0..<300).flatMap {
                source.example(seed: 1, index: $0, room: 20).tokens
            }
            return seen.min()!...seen.max()!
        }
        #expect(try end(.remainder).upperBound < 760 && end(.fifth).lowerBound >= 760)
        #expect(try end(.fifth).upperBound < 950)
    }

    /// The byte tokenizer gives every byte its own number.
    @Test func bytes() throws {
        let tokenizer = try ModelTokenizer.bytes()
        let text = "A:1+2=é\n#"
        #expect(tokenizer.tokenizer.promptTokens(text) == Array(text.utf8).map { Int32($0) })
        #expect(tokenizer.endToken == 256 && tokenizer.vocabularySize == 257)
    }
}
