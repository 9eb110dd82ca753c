/// What holds for every optimiser: resuming, dividing, decaying, descending, refusing.

import MartletKernels
import MartletTraining
import Testing

@Suite struct OptimiserPropertyTests {
    @Test(arguments: OptimiserGoldens.names)
    func aContinuedRunHasTheSameBits(_ name: String) throws {
        let goldens = try OptimiserGoldens.load()
        let configuration = try goldens.configuration(name)
        let whole = try OptimiserRun(configuration, goldens)
        let first = try OptimiserRun(configuration, goldens)
        for step in 0..<5 { first.take(step, goldens, rate: 1e-2) }
        let second = try OptimiserRun(configuration, goldens)
        second.values = first.values
        second.optimiser.stepCount = first.optimiser.stepCount
        second.optimiser.startSteps = first.optimiser.startSteps
        for index in second.names.indices {
            let saved = first.optimiser.stateArrays(of: index)
            let target = second.optimiser.stateArrays(of: index)
            #expect(saved.map(\.name) == target.map(\.name))
            for (from, to) in zip(saved, target) {
                _ = to.values.update(fromContentsOf: from.values)
            }
        }
        for step in 0..<10 { whole.take(step, goldens, rate: 1e-2) }
        for step in 5..<10 { second.take(step, goldens, rate: 1e-2) }
        #expect(bits(whole.values) == bits(second.values))
        #expect(bits(whole.state) == bits(second.state))
        #expect(whole.state.contains { $0.contains { $0 != 0 } })
    }

    @Test(arguments: OptimiserGoldens.names)
    func dividingTheWorkChangesNothing(_ name: String) throws {
        let configuration = try OptimiserGoldens.load().configuration(name)
        // Larger than a block, and odd; Muon divides its products by panels of 16 columns.
        let matrix = configuration.name == "muon" ? (43, 70) : (161, 307)
        let shapes = [matrix, (1, 40_001), (37, 2_011)]
        let parameters = shapes.enumerated().map { index, shape in
            ParameterInfo(
                name: "\(index)", rows: shape.0, columns: shape.1, isEmbedding: index == 2)
        }
        func run(_ parallel: @escaping ParallelLoop) throws -> [[Float]] {
            let optimiser = try Optimiser(configuration, parameters: parameters)
            var random = CounterRandom(seed: 5)
            var values = parameters.map { info in (0..<info.count).map { _ in random.signedUnit() }
            }
            for _ in 0..<2 {
                for (index, info) in parameters.enumerated() {
                    let gradient = (0..<info.count).map { _ in random.signedUnit() }
                    if optimiser.needsHessian {
                        optimiser.updateHessian(
                            parameter: index, sampledLabelGradient: gradient, batchTokens: 8,
                            parallel: parallel)
                    }
                    values[index].withUnsafeMutableBufferPointer { buffer in
                        optimiser.step(
                            parameter: index, values: buffer.baseAddress!, gradient: gradient,
                            learningRate: 1e-2, gradientScale: 0.5, parallel: parallel)
                    }
                }
                optimiser.advance()
            }
            return values
        }
        let expected = bits(try run(serialLoop))
        #expect(
            bits(try run { count, body in for i in (0..<count).reversed() { body(i) } }) == expected
        )
    }

    @Test(arguments: OptimiserConfiguration.all)
    func scalingGradientsIsPartOfTheStep(_ configuration: OptimiserConfiguration) throws {
        let goldens = try OptimiserGoldens.load()
        let (scaled, plain) = (
            try OptimiserRun(configuration, goldens), try OptimiserRun(configuration, goldens)
        )
        for (index, name) in scaled.names.enumerated() {
            let gradient = try #require(goldens.gradients[0][name])
            scaled.values[index].withUnsafeMutableBufferPointer {
                scaled.optimiser.step(
                    parameter: index, values: $0.baseAddress!, gradient: gradient,
                    learningRate: 1e-2, gradientScale: 0.25)
            }
            // A quarter is exact.
            plain.values[index].withUnsafeMutableBufferPointer {
                plain.optimiser.step(
                    parameter: index, values: $0.baseAddress!, gradient: gradient.map { $0 * 0.25 },
                    learningRate: 1e-2)
            }
        }
        #expect(bits(scaled.values) == bits(plain.values))
    }

    @Test(arguments: OptimiserConfiguration.all)
    func withoutGradientOnlyDecayIsLeft(_ configuration: OptimiserConfiguration) throws {
        let (rate, decay) = (0.1, 0.2)
        let optimiser = try Optimiser(
            configuration.decaying(decay),
            parameters: [
                ParameterInfo(name: "matrix", rows: 3, columns: 5),
                ParameterInfo(name: "vector", rows: 1, columns: 5),
            ])
        let start: [Float] = (0..<15).map { Float($0) - 7 }
        for (index, count) in [15, 5].enumerated() {
            var values = Array(start[..<count])
            let zeros = [Float](repeating: 0, count: count)
            // Adafactor's decay is relative to the tensor, as its steps are.
            let scale =
                configuration.name == "adafactor"
                ? (Double(values.map { $0 * $0 }.reduce(0, +)) / Double(count)).squareRoot() : 1
            values.withUnsafeMutableBufferPointer {
                optimiser.step(
                    parameter: index, values: $0.baseAddress!, gradient: zeros, learningRate: rate)
            }
            let kept = index == 0 ? Float(1 - rate * decay * scale) : 1
            for (value, before) in zip(values, start) {
                #expect(abs(value - before * kept) <= 1e-6 * abs(before))
            }
        }
    }

    @Test(arguments: OptimiserConfiguration.all)
    func aQuadraticIsDescended(_ configuration: OptimiserConfiguration) throws {
        // sum of c (p - target)² / 2 with curvatures from 0.5 to 2.
        let (rows, columns) = (6, 10)
        let count = rows * columns
        let target = (0..<count).map { Float($0 % 7) * 0.3 - 0.8 }
        let curvature = (0..<count).map { 0.5 + 1.5 * Float($0 % 5) / 4 }
        func loss(_ p: [Float]) -> Float {
            (0..<count).reduce(into: Float(0)) { sum, i in
                let distance = p[i] - target[i]
                sum += curvature[i] * distance * distance / 2
            }
        }
        let optimiser = try Optimiser(
            configuration.decaying(0),
            parameters: [ParameterInfo(name: "p", rows: rows, columns: columns)])
        let steps = 400.0
        let schedule = try LearningRateSchedule(peak: 0.05, shape: .linear)
        var p = (0..<count).map { Float($0 % 3) * 0.5 - 0.5 }
        let before = loss(p)
        for step in 0..<Int(steps) {
            let gradient = (0..<count).map { curvature[$0] * (p[$0] - target[$0]) }
            if optimiser.needsHessian {
                optimiser.updateHessian(
                    parameter: 0, sampledLabelGradient: curvature.map { $0.squareRoot() },
                    batchTokens: 1)
            }
            p.withUnsafeMutableBufferPointer {
                optimiser.step(
                    parameter: 0, values: $0.baseAddress!, gradient: gradient,
                    learningRate: schedule.rate(at: Double(step), of: steps))
            }
            optimiser.advance()
        }
        #expect(loss(p) < before / 1000, "\(before) became \(loss(p))")
    }

    @Test func aTensorThatWasResetBeginsAnew() throws {
        let info = ParameterInfo(name: "p", rows: 2, columns: 3)
        let (old, new) = (
            try Optimiser(.adamW(AdamW()), parameters: [info]),
            try Optimiser(.adamW(AdamW()), parameters: [info])
        )
        let gradient: [Float] = [1, -2, 3, -4, 5, -6]
        var values = [Float](repeating: 0, count: 6)
        func take(_ optimiser: Optimiser) {
            values.withUnsafeMutableBufferPointer {
                optimiser.step(
                    parameter: 0, values: $0.baseAddress!, gradient: gradient, learningRate: 0.1)
            }
            optimiser.advance()
        }
        for _ in 0..<7 { take(old) }
        old.reset(parameter: 0)
        #expect(old.startSteps == [7] && old.stepCount == 7)
        values = [Float](repeating: 0, count: 6)
        take(old)
        let afterReset = values
        values = [Float](repeating: 0, count: 6)
        take(new)
        #expect(bits([afterReset]) == bits([values]))
    }

    @Test func stateIsAsSmallAsItIsSaid() throws {
        let infos = [
            ParameterInfo(name: "matrix", rows: 8, columns: 20),
            ParameterInfo(name: "vector", rows: 1, columns: 5),
            ParameterInfo(name: "embedding", rows: 30, columns: 2, isEmbedding: true),
        ]
        func counts(_ configuration: OptimiserConfiguration) throws -> [[String]] {
            let optimiser = try Optimiser(configuration, parameters: infos)
            return infos.indices.map { index in
                optimiser.stateArrays(of: index).map { "\($0.name)\($0.values.count)" }
            }
        }
        #expect(try counts(.adamW(AdamW()))[0] == ["m160", "v160"])
        #expect(try counts(.adafactor(Adafactor())) == [["r8", "c20"], ["v5"], ["r30", "c2"]])
        #expect(try counts(.adafactor(Adafactor(beta1: 0.9)))[0] == ["r8", "c20", "m160"])
        #expect(try counts(.lion(Lion()))[1] == ["m5"])
        #expect(try counts(.sophia(Sophia()))[0] == ["m160", "h160"])
        #expect(try counts(.muon(Muon())) == [["m160"], ["m5", "v5"], ["m60", "v60"]])
    }

    @Test func theHessianIsAskedForEveryTenthStep() throws {
        let info = ParameterInfo(name: "p", rows: 1, columns: 1)
        let sophia = try Optimiser(.sophia(Sophia()), parameters: [info])
        #expect((0..<31).filter(sophia.needsHessian(atStep:)) == [0, 10, 20, 30])
        let lion = try Optimiser(.lion(Lion()), parameters: [info])
        #expect(!lion.needsHessian)
    }

    @Test func badValuesAreRefusedInOneSentence() throws {
        let info = ParameterInfo(name: "p", rows: 1, columns: 1)
        func refusal(_ configuration: OptimiserConfiguration) -> String? {
            do throws(OptimiserError) {
                _ = try Optimiser(configuration, parameters: [info])
                return nil
            } catch { return error.description }
        }
        #expect(
            refusal(.adamW(AdamW(beta1: 1)))
                == "adamw: beta1 is 1.0, expected a number of at least 0 and below 1")
        #expect(refusal(.adamW(AdamW(epsilon: 0)))?.contains("epsilon") == true)
        #expect(refusal(.adamWRMS(AdamWRMS(weightDecay: -1)))?.contains("weight decay") == true)
        #expect(refusal(.adafactor(Adafactor(decayRate: 0.8)))?.contains("-1.0 to 0.0") == true)
        #expect(refusal(.lion(Lion(beta2: .nan)))?.contains("nan") == true)
        #expect(refusal(.sophia(Sophia(hessianInterval: 0)))?.contains("at least 1") == true)
        #expect(refusal(.muon(Muon(rest: AdamW(beta2: 2))))?.hasPrefix("muon's adamw") == true)
        #expect(throws: OptimiserError.badShape(parameter: "q", rows: 0, columns: 4)) {
            try Optimiser(
                .lion(Lion()), parameters: [ParameterInfo(name: "q", rows: 0, columns: 4)])
        }
        let names = ["adamw", "adamw-rms", "adafactor", "lion", "sophia", "muon"]
        #expect(throws: OptimiserError.unknownMethod(got: "sgd", available: names)) {
            try OptimiserConfiguration(named: "sgd")
        }
        for name in names { #expect(try OptimiserConfiguration(named: name).name == name) }
    }
}

extension OptimiserConfiguration {
    /// The same with another weight decay.
    func decaying(_ decay: Double) -> OptimiserConfiguration {
        switch self {
        case .adamW(var rule):
            rule.weightDecay = decay
            return .adamW(rule)
        case .adamWRMS(var rule):
            rule.weightDecay = decay
            return .adamWRMS(rule)
        case .adafactor(var rule):
            rule.weightDecay = decay
            return .adafactor(rule)
        case .lion(var rule):
            rule.weightDecay = decay
            return .lion(rule)
        case .sophia(var rule):
            rule.weightDecay = decay
            return .sophia(rule)
        case .muon(var rule):
            rule.weightDecay = decay
            rule.rest.weightDecay = decay
            return .muon(rule)
        }
    }
}
