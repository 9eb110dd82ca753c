/// Who compiles constraints, for how long, and how many are kept.

import MartletConstraints
import Testing

@testable import Martlet

@Suite struct ConstraintCompilationTests {
    private func masks(
        timeLimit: Duration = .seconds(60), byteLimit: Int = 256 << 20, countLimit: Int = 1024
    ) -> ConstraintMasks {
        ConstraintMasks(
            .bytes(vocabularySize: 257), endTokens: [256], vocabularySize: 257,
            timeLimit: timeLimit,
            byteLimit: byteLimit, countLimit: countLimit)
    }

    /// Takes seconds to compile.
    private static func slow(_ number: Int = 0) -> Constraint {
        .regex(String(repeating: "a?", count: 3000) + "z\(number)")
    }

    @Test func aCompilationHasItsTime() async throws {
        let short = masks(timeLimit: .zero)
        let error = await #expect(throws: MartletError.self) {
            try await short.compiled(Self.slow())
        }
        #expect(error?.code == .invalidParameter)
        #expect(error?.message.contains("not done after") == true, "\(error as Any)")
        #expect(throws: MartletError.self) { try short.mask(Self.slow()) }
        #expect(short.kept.count == 0)
        _ = try await masks().compiled(.regex("a+"))
    }

    @Test func whoIsGoneIsNotWaitedFor() async throws {
        let masks = masks()
        let tasks = (0..<4).map { number in
            Task { try await masks.compiled(Self.slow(number)) }
        }
        try await Task.sleep(for: .milliseconds(50))
        for task in tasks { task.cancel() }
        for task in tasks {
            switch await task.result {
            case .success: Issue.record("it was compiled")
            case .failure(let error): #expect((error as? MartletError)?.code == .cancelled)
            }
        }
        // What was given up is compiled anew for whoever asks next, and places are free again.
        _ = try await masks.compiled(.regex("b+"))
        #expect(masks.kept.count == 1)
    }

    @Test func whoIsGoneLeavesTheGate() async {
        let gate = CompileGate(width: 1)
        #expect(await gate.enter())
        let waiting = Task { await gate.enter() }
        waiting.cancel()
        #expect(await waiting.value == false)
        gate.leave()
        #expect(await gate.enter())
    }

    /// A constraint holds the text that it was asked for by, too, and how many are kept has an end.
    @Test func textsAndNumbersAreBounded() throws {
        let schema = Constraint.jsonSchema(
            #"{"type": "boolean", "description": ""#
                + String(repeating: "x", count: 100_000) + #""}"#)
        let all = masks()
        _ = try all.mask(schema)
        #expect(all.kept.count == 1 && all.kept.bytes > 100_000)
        let bounded = masks(byteLimit: 90_000)
        _ = try bounded.mask(schema)
        #expect(bounded.kept.count == 0)
        let few = masks(countLimit: 3)
        for number in 0..<5 { _ = try few.mask(.regex("a\(number)")) }
        #expect(few.kept.count == 3)
    }

    @Test func oneCompilationServesAllWhoWait() async throws {
        let masks = masks()
        let constraint = Constraint.choice((0..<3000).map { "choice \($0 * 7919)" })
        let made = try await withThrowingTaskGroup(of: ConstraintMask.self) { group in
            for _ in 0..<8 { group.addTask { try await masks.compiled(constraint) } }
            var made: [ConstraintMask] = []
            for try await mask in group { made.append(mask) }
            return made
        }
        #expect(made.count == 8)
        #expect(made.allSatisfy { $0.constraint === made[0].constraint })
        #expect(try masks.mask(constraint).constraint === made[0].constraint)
    }

    @Test func whatIsKeptIsBounded() async throws {
        let one = masks()
        _ = try one.mask(.choice((0..<500).map { "text \($0)" }))
        let bytes = one.kept.bytes
        #expect(bytes > 10_000)
        let masks = masks(byteLimit: 3 * bytes + bytes / 2)
        for number in 0..<10 {
            _ = try await masks.compiled(.choice((0..<500).map { "text \($0) \(number)" }))
            #expect(masks.kept.bytes <= 3 * bytes + bytes / 2)
        }
        #expect((1...4).contains(masks.kept.count))
        // The latest is there still.
        let latest = Constraint.choice((0..<500).map { "text \($0) 9" })
        let mask = try masks.mask(latest)
        #expect(try masks.mask(latest).constraint === mask.constraint)
    }
}
