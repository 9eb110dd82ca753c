/// Policies that hold their budget at every token, against a plain float64 simulation of the papers.

import Foundation
import Testing

@testable import MartletPolicies

@Suite struct StepEvictionTests {
    static let (count, prompt, budget) = (110, 60, 24)

    /// H2O: a float for every token, the attention it received; the lowest that is neither a sink nor
    /// recent goes.
    @Test(arguments: [false, true], [1, 7, 64]) func h2o(average: Bool, chunk: Int) throws {
        let stream = LayerStream(count: Self.count, seed: 71)
        let got = try stream.held(
            "h2o(budget=\(Self.budget), sinks=2, recent=5, average=\(average))",
            prompt: Self.prompt, chunk: chunk)
        for head in 0..<LayerStream.heads {
            var mass = [Double](repeating: 0, count: Self.count)
            var held: [Int] = []
            for token in 0..<Self.count {
                held.append(token)
                for row in stream.weights(token, head: head, held: held) {
                    for (index, position) in held.enumerated() { mass[position] += row[index] }
                }
                guard token >= Self.prompt - 1 else { continue }
                while held.count > Self.budget {
                    let lowest = held.filter { $0 >= 2 && $0 < token - 4 }.min {
                        rank(mass, $0, token, average) < rank(mass, $1, token, average)
                    }
                    held.removeAll { $0 == lowest }
                }
                #expect(got[token - Self.prompt + 1][head] == held, "token \(token), head \(head)")
            }
        }
    }

    private func rank(_ mass: [Double], _ token: Int, _ newest: Int, _ average: Bool) -> Double {
        average ? mass[token] / Double(newest + 1 - token) : mass[token]
    }

    /// TOVA: only the newest token's attention counts, averaged over every head, and all hold the same.
    @Test(arguments: [1, 64]) func tova(chunk: Int) throws {
        let stream = LayerStream(count: Self.count, seed: 72)
        let got = try stream.held(
            "tova(budget=\(Self.budget), sinks=0)", prompt: Self.prompt, chunk: chunk)
        var held: [Int] = Array(0..<Self.prompt - 1)
        for token in Self.prompt - 1..<Self.count {
            held.append(token)
            var mean = [Double](repeating: 0, count: held.count)
            for head in 0..<LayerStream.heads {
                for row in stream.weights(token, head: head, held: held) {
                    for index in held.indices { mean[index] += row[index] }
                }
            }
            let order = held.indices.dropLast().sorted { mean[$0] > mean[$1] }
            held = (order.prefix(Self.budget - 1).map { held[$0] } + [token]).sorted()
            #expect(got[token - Self.prompt + 1] == [held, held], "token \(token)")
        }
    }

    @Test func aRatioHoldsWhatThePromptKept() throws {
        let stream = LayerStream(count: 90, seed: 73)
        let got = try stream.held("h2o(ratio=0.5, recent=4)", prompt: 60, chunk: 60)
        #expect(got.allSatisfy { $0.allSatisfy { $0.count == 30 } })
        let prompt = try stream.held("h2o(ratio=0.5, recent=4, steps=false)", prompt: 60, chunk: 60)
        #expect(prompt.last?.allSatisfy { $0.count == 60 } == true)
    }
}
