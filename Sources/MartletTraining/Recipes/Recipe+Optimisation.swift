// The optimiser and the learning rate of a recipe.

import MartletFormats

extension Recipe {
    static func optimisation(
        _ recipe: ConfigurationFile
    ) throws(TrainingError) -> (OptimiserConfiguration, LearningRateSchedule) {
        do {
            let optimiser = try recipe.optionalObject("optimiser")
            let configuration = try optimiser.map { try Self.optimiser($0) } ?? .adamW(AdamW())
            try configuration.check()
            let peak =
                try optimiser?.optionalDouble("learningRate", in: 1e-12...1e3)
                ?? configuration.suggestedLearningRate
            let schedule = try recipe.optionalObject("schedule")
            return (configuration, try Self.schedule(schedule, peak: peak))
        } catch let error as FormatError {
            throw .format(error)
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .malformedRecipe(file: recipe.path, reason: "\(error)")
        }
    }

    /// `method`, `learningRate`, and whichever of `beta1`, `beta2`, `epsilon`, `weightDecay` it has.
    private static func optimiser(_ file: ConfigurationFile) throws -> OptimiserConfiguration {
        try file.allow(["method", "learningRate", "beta1", "beta2", "epsilon", "weightDecay"])
        let name = try file.string("method", default: "adamw")
        var configuration = try OptimiserConfiguration(named: name)
        let finite = 0...Double.greatestFiniteMagnitude
        let values = (
            try file.optionalDouble("beta1", in: 0...1),
            try file.optionalDouble("beta2", in: 0...1),
            try file.optionalDouble("epsilon", in: finite),
            try file.optionalDouble("weightDecay", in: finite)
        )
        func refuse(_ key: String, _ value: Double?) throws {
            guard value != nil else { return }
            throw FormatError.wrongValue(
                file: file.path, key: key, got: "a number", expected: "no value: \(name) has none")
        }
        switch configuration {
        case .adamW(var rule):
            rule.beta1 = values.0 ?? rule.beta1
            rule.beta2 = values.1 ?? rule.beta2
            rule.epsilon = values.2 ?? rule.epsilon
            rule.weightDecay = values.3 ?? rule.weightDecay
            configuration = .adamW(rule)
        case .adamWRMS(var rule):
            rule.beta1 = values.0 ?? rule.beta1
            rule.beta2 = values.1 ?? rule.beta2
            rule.epsilon = values.2 ?? rule.epsilon
            rule.weightDecay = values.3 ?? rule.weightDecay
            configuration = .adamWRMS(rule)
        case .adafactor(var rule):
            try refuse("beta2", values.1)
            try refuse("epsilon", values.2)
            rule.weightDecay = values.3 ?? rule.weightDecay
            if let beta = values.0 { rule.beta1 = beta }
            configuration = .adafactor(rule)
        case .lion(var rule):
            try refuse("epsilon", values.2)
            rule.beta1 = values.0 ?? rule.beta1
            rule.beta2 = values.1 ?? rule.beta2
            rule.weightDecay = values.3 ?? rule.weightDecay
            configuration = .lion(rule)
        case .sophia(var rule):
            try refuse("epsilon", values.2)
            rule.beta1 = values.0 ?? rule.beta1
            rule.beta2 = values.1 ?? rule.beta2
            rule.weightDecay = values.3 ?? rule.weightDecay
            configuration = .sophia(rule)
        case .muon(var rule):
            for (key, value) in [("beta2", values.1), ("epsilon", values.2)] {
                try refuse(key, value)
            }
            rule.momentum = values.0 ?? rule.momentum
            rule.weightDecay = values.3 ?? rule.weightDecay
            configuration = .muon(rule)
        }
        return configuration
    }

    private static func schedule(
        _ file: ConfigurationFile?, peak: Double
    ) throws -> LearningRateSchedule {
        guard let file else { return try LearningRateSchedule(peak: peak, shape: .cosine) }
        try file.allow(["shape", "warmUp", "minimum", "decayFraction", "decay", "timescale"])
        let name = try file.string("shape", default: "cosine")
        let warmUp = try file.double("warmUp", default: 0, in: 0...1e9)
        let shape: LearningRateSchedule.Shape
        switch name {
        case "constant": shape = .constant
        case "linear": shape = .linear
        case "cosine": shape = .cosine
        case "wsd":
            let decays = LearningRateSchedule.Decay.allCases.map(\.rawValue)
            let word = try file.string("decay", default: "linear")
            guard let decay = LearningRateSchedule.Decay(rawValue: word) else {
                throw file.wrongValue(
                    "decay", expected: "one of \(decays.joined(separator: ", "))")
            }
            shape = .warmUpStableDecay(
                decayFraction: try file.double("decayFraction", default: 0.2, in: 0...1),
                decay: decay)
        case "isr":
            shape = .inverseSquareRoot(
                timescale: try file.double("timescale", default: max(1, warmUp), in: 1...1e9),
                finalFraction: try file.double("decayFraction", default: 0.1, in: 0...1))
        default:
            throw file.wrongValue("shape", expected: "constant, linear, cosine, wsd or isr")
        }
        return try LearningRateSchedule(
            peak: peak, shape: shape, warmUp: .steps(warmUp),
            minimum: peak * (try file.double("minimum", default: 0, in: 0...1)))
    }
}
