// Methods that merge, know head classes, or bound what is generated, against plain simulations.

import Foundation
import MartletKernels
import Testing

@testable import MartletCache
@testable import MartletPolicies

@Suite struct MethodTests {
    static let (count, prompt) = (110, 60)

    private func worst(_ got: [Float], _ expected: [Double]) -> Double {
        zip(got, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
    }

    /// Keys that come in equal pairs merge without loss: with counts attention is what it was.
    @Test func chelseaLosesNothingOnEqualKeys() throws {
        var stream = LayerStream(count: 80, seed: 81)
        for token in stride(from: 0, to: 64, by: 2) { stream.keys[token + 1] = stream.keys[token] }
        let dense = try stream.run("dense", prompt: 64, chunk: 64)
        let merged = try stream.run(
            "chelsea(budget=32, sinks=0, recent=0, chunk=8)", prompt: 64, chunk: 64)
        #expect(merged.held[0].allSatisfy { $0.count == 32 })
        for (got, expected) in zip(merged.outputs, dense.outputs) {
            #expect(worst(got, expected.map(Double.init)) < 2e-6)
        }
        let uncounted = try stream.run(
            "chelsea(budget=32, sinks=0, recent=0, chunk=8, counts=false)", prompt: 64, chunk: 64)
        #expect(worst(uncounted.outputs[0], dense.outputs[0].map(Double.init)) > 1e-3)
        #expect(merged.reads == (0..<16).map { 33 + Double($0) })
    }

    /// Chosen again and again within bytes: what a slot stands for goes with it when others are taken out.
    @Test func chelseaInBytesLosesNothingOnEqualKeys() throws {
        var stream = LayerStream(count: 76, seed: 91)
        for token in stride(from: 0, to: 64, by: 2) { stream.keys[token + 1] = stream.keys[token] }
        let dense = try stream.run("dense", prompt: 64, chunk: 16)
        // Three pages a head: 32 tokens are kept when 16 more have come.
        let page = CacheCodec.f32.pageBytes(headDimension: LayerStream.dimension) + 64
        let bytes = 3 * LayerStream.heads * page
        let merged = try stream.run(
            "chelsea(bytes=\(bytes)B, sinks=0, recent=0, chunk=1000)", prompt: 64, chunk: 16)
        #expect(merged.held[0].allSatisfy { $0.count == 32 }, "\(merged.held[0])")
        for (got, expected) in zip(merged.outputs, dense.outputs) {
            #expect(worst(got, expected.map(Double.init)) < 2e-6)
        }
    }

    /// The budget is met whatever the chunks, protected tokens do not merge, and a selector beside it
    /// sees the same slots.
    @Test(arguments: [2, 5, 64, 1000]) func chelseaKeepsItsBudget(chunk: Int) throws {
        let stream = LayerStream(count: 90, seed: 82)
        let policy = "chelsea(budget=20, sinks=3, recent=4, chunk=\(chunk))"
        let got = try stream.run(policy, prompt: 70, chunk: 70)
        for held in got.held[0] {
            #expect(held.count == 20)
            #expect(held.starts(with: [0, 1, 2]) && held.suffix(4) == [66, 67, 68, 69])
        }
        let beside = try stream.run(policy + " + stride(ratio=0)", prompt: 70, chunk: 70)
        #expect(beside.outputs == got.outputs)
    }

    /// Without merging LOOK-M is H2O after the prompt; each way of merging changes what stays.
    @Test func lookMWithoutMergingIsHeavyHitters() throws {
        let stream = LayerStream(count: 90, seed: 83)
        let h2o = try stream.run(
            "h2o(budget=24, sinks=2, recent=6, steps=false)", prompt: 70, chunk: 16)
        var outputs: [[[Float]]] = []
        for merge in ["off", "pivotal", "average", "weighted"] {
            let got = try stream.run(
                "lookm(budget=24, sinks=2, recent=6, merge=\(merge))", prompt: 70, chunk: 16)
            #expect(got.held == h2o.held)
            outputs.append(got.outputs)
        }
        #expect(outputs[0] == h2o.outputs)
        #expect(Set(outputs.map { $0[0] }).count == 4)
    }

    /// Gates below the threshold: both ends only; the other heads hold everything.
    @Test func duoHoldsBothEnds() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("gates-\(UUID().uuidString).tsv").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "0.9\t0.2\n".write(toFile: path, atomically: true, encoding: .utf8)
        let stream = LayerStream(count: 90, seed: 84)
        let policy = "duo(gates=\"\(path)\", sinks=3, recent=10)"
        let got = try stream.run(policy, prompt: 60, chunk: 17)
        for (index, held) in got.held.enumerated() {
            let count = 60 + index
            #expect(held[0] == Array(0..<count))
            #expect(held[1] == Array(0..<3) + Array(count - 10..<count))
        }
        for (index, output) in got.outputs.enumerated() {
            let token = 60 + index
            let expected = stream.attention(token) { head in
                head == 0 ? Array(0...token) : Array(0..<3) + Array(token - 10...token)
            }
            #expect(worst(output, expected) < 2e-6)
        }
        try "0.9 x\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: CacheError.self) { try CachePolicy(policy) }
        try "0.9 1 2\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: CacheError.self) { try stream.run(policy, prompt: 60, chunk: 60) }
    }

    /// MorphKV: the last tokens, and of the older ones those to which they attend most, computed anew for
    /// every token from all queries and keys.
    @Test(arguments: ["sum", "max"], [(60, 1), (60, 7), (60, 60), (3, 3), (20, 8)])
    func morphKV(fuse: String, lengths: (prompt: Int, chunk: Int)) throws {
        let (window, budget) = (5, 20)
        let stream = LayerStream(count: Self.count, seed: 85)
        let got = try stream.held(
            "morphkv(budget=\(budget), window=\(window), fuse=\(fuse))", prompt: lengths.prompt,
            chunk: lengths.chunk)
        for head in 0..<LayerStream.heads {
            var held = Array(0..<lengths.prompt - 1)
            for newest in lengths.prompt - 1..<Self.count {
                held.append(newest)
                let older = held.filter { $0 <= newest - window }
                let rows = (max(0, newest + 1 - window)...newest).map { token in
                    let logits = stream.logits(token, head: head, held: older)
                    return LayerStream.softmax(
                        older.indices.map { place in logits.reduce(0) { $0 + $1[place] } })
                }
                let fused = older.indices.map { place in
                    fuse == "sum"
                        ? rows.reduce(0) { $0 + $1[place] } : rows.map { $0[place] }.max() ?? 0
                }
                let best = older.indices.sorted { fused[$0] > fused[$1] }.prefix(
                    max(0, budget - window))
                held = (best.map { older[$0] } + held.filter { $0 > newest - window }).sorted()
                #expect(
                    got[newest - lengths.prompt + 1][head] == held, "token \(newest), head \(head)")
            }
        }
    }

    /// SCOPE: the prompt's survivors stay for good; of the rest the newest and what the newest token
    /// attends to.
    @Test(arguments: ["slide", "adaptive", "discontinuous"]) func scope(mode: String) throws {
        let (window, recent, pace) = (12, 6, 4)
        let stream = LayerStream(count: Self.count, seed: 86)
        let got = try stream.held(
            "scope(knorm(budget=20), mode=\(mode), window=\(window), recent=\(recent), pace=\(pace))",
            prompt: Self.prompt, chunk: 60)
        let kept = try stream.held("knorm(budget=20)", prompt: Self.prompt, chunk: 60)[0]
        for head in 0..<LayerStream.heads {
            var generated: [Int] = []
            for token in Self.prompt..<Self.count {
                generated.append(token)
                let step = token - Self.prompt
                let held = kept[head] + generated
                var mass = [Double](repeating: 0, count: held.count)
                for weights in stream.weights(token, head: head, held: held) {
                    for index in held.indices { mass[index] += weights[index] }
                }
                let room = mode == "slide" ? window : min(window, recent + step / pace)
                if mode != "discontinuous" || (step + 1) % pace == 0, generated.count > room {
                    let older = generated.filter { $0 <= token - recent }.sorted {
                        mass[held.firstIndex(of: $0)!] > mass[held.firstIndex(of: $1)!]
                    }
                    generated =
                        (older.prefix(room - recent) + generated.filter { $0 > token - recent })
                        .sorted()
                }
                #expect(got[step + 1][head] == kept[head] + generated, "token \(token)")
            }
        }
    }

    /// R-KV cuts back to its budget every `buffer` tokens; redundancy pushes out copies. As published, each key
    /// spares the newest of those like it: of thirty equal ones the last, which may stay where the others go.
    @Test func rKV() throws {
        var stream = LayerStream(count: Self.count, seed: 87)
        // The prompt's first half says one thing over and over, and nothing after it is like that.
        for token in 0..<30 { stream.keys[token] = stream.keys[0] }
        for token in 30..<Self.count {
            for head in 0..<LayerStream.heads {
                let channels = head * LayerStream.dimension..<(head + 1) * LayerStream.dimension
                let dot = channels.reduce(0) { $0 + stream.keys[0][$1] * stream.keys[token][$1] }
                guard dot > 0 else { continue }
                for channel in channels { stream.keys[token][channel].negate() }
            }
        }
        let got = try stream.held(
            "rkv(budget=24, window=4, buffer=10, sinks=0, recent=4, share=0)", prompt: Self.prompt,
            chunk: 60)
        for (index, held) in got.enumerated() {
            #expect(held.allSatisfy { $0.count == 24 + index % 10 })
        }
        #expect(got[0].allSatisfy { held in held.allSatisfy { $0 >= 29 } && held.contains(29) })
    }

    /// Pages, or parts of them, with the best bounds, and attention over exactly their tokens.
    @Test(arguments: [16, 8, 4]) func questReadsTheBestPages(size: Int) throws {
        let stream = LayerStream(count: Self.count, seed: 88)
        let got = try stream.run(
            "quest(budget=\(3 * size), dense=0, sinks=0, minimum=1, page=\(size))", prompt: 90,
            chunk: 90)
        for (index, output) in got.outputs.enumerated() {
            let token = 90 + index
            let pages = (token + size) / size
            let expected = stream.attention(token) { head in
                let scores = (0..<pages).map { page -> Double in
                    let held = page * size..<min((page + 1) * size, token + 1)
                    var sum = 0.0
                    for member in 0..<LayerStream.group {
                        for d in 0..<LayerStream.dimension {
                            let q = stream.queries[token][
                                (head * LayerStream.group + member) * LayerStream.dimension + d]
                            let channel = held.map {
                                stream.keys[$0][head * LayerStream.dimension + d]
                            }
                            sum += Double(max(q * channel.min()!, q * channel.max()!))
                        }
                    }
                    return sum
                }
                let best = (0..<pages - 1).sorted { scores[$0] > scores[$1] }.prefix(2)
                return (best + [pages - 1]).sorted().flatMap { page in
                    Array(page * size..<min((page + 1) * size, token + 1))
                }
            }
            #expect(worst(output, expected) < 2e-6, "token \(token)")
        }
    }

    /// With a recent window the last pages are among those read.
    @Test func questReadsItsRecentWindow() throws {
        let stream = LayerStream(count: Self.count, seed: 92)
        // Three pages, of which the window takes all but the one with the sinks.
        let got = try stream.run(
            "quest(budget=48, dense=0, sinks=4, minimum=1, recent=32)", prompt: 90, chunk: 90)
        for (index, output) in got.outputs.enumerated() {
            let token = 90 + index
            let pages = (token + 16) / 16
            let expected = stream.attention(token) { _ in
                Array(0..<16) + Array((pages - 2) * 16...token)
            }
            #expect(worst(output, expected) < 2e-6, "token \(token)")
        }
    }

    /// Between full passes only what the last one attended to and what came since is read.
    @Test func recycledReadsWhatWasAttended() throws {
        let stream = LayerStream(count: Self.count, seed: 89)
        let (budget, refresh) = (20, 7)
        let got = try stream.run(
            "recycled(budget=\(budget), refresh=\(refresh), similarity=-1, sinks=0)", prompt: 60,
            chunk: 60)
        var chosen: [[Int]] = [[], []]
        for (step, output) in got.outputs.enumerated() {
            let token = 60 + step
            if step % refresh == 0 {
                for head in 0..<2 {
                    let held = Array(0...token)
                    var mass = [Double](repeating: 0, count: held.count)
                    for row in stream.weights(token, head: head, held: held) {
                        for index in held.indices { mass[index] += row[index] }
                    }
                    // Strongest last, so that the weakest is the first to go.
                    mass[token] = .infinity
                    chosen[head] = held.sorted { mass[$0] < mass[$1] }.suffix(budget)
                }
                #expect(got.reads[step] == Double(token + 1))
            } else {
                for head in 0..<2 { chosen[head] = Array(chosen[head].dropFirst()) + [token] }
                #expect(got.reads[step] == Double(budget))
            }
            let expected = stream.attention(token) { head in
                step % refresh == 0 ? Array(0...token) : chosen[head].sorted()
            }
            #expect(worst(output, expected) < 2e-6, "token \(token)")
        }
    }

    /// LoopServe ranks the prompt anew; what was generated is always read.
    @Test func loopServeRanksAnew() throws {
        let stream = LayerStream(count: Self.count, seed: 90)
        let got = try stream.run(
            "loopserve(budget=16, interval=5, sinks=0)", prompt: 60, chunk: 60)
        for (step, reads) in got.reads.enumerated() {
            #expect(reads == (step % 5 == 0 ? Double(61 + step) : Double(17 + step)))
        }
    }

    /// SentenceKV reads whole sentences within its budget.
    @Test func sentencesFitTheBudget() throws {
        let stream = LayerStream(count: Self.count, seed: 91)
        let got = try stream.run(
            "sentencekv(budget=30, sinks=4, recent=6, factor=10)", prompt: 60, chunk: 60,
            sentences: Set((0..<110).filter { $0 % 9 == 8 }.map { Int32($0) }))
        #expect(got.reads.allSatisfy { $0 <= 30 && $0 > 20 })
    }
}
