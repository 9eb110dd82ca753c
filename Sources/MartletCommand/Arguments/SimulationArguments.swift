/// What a simulation of serving assumes.

import ArgumentParser
import Martlet
import MartletEvaluation

/// Whether requests are simulated, on how many machines, and what a step costs there.
struct SimulationArguments: ParsableArguments {
    @Flag(help: "Simulate: the scheduler is the one that serves, time is what its steps cost.")
    var simulate = false

    @Option(help: "Machines among which requests are divided.")
    var machines = 1

    @Option(
        help: ArgumentHelp(
            "The machine of a request: turns, prefix (the one that knows the beginning of its prompt), or shortest (the "
                + "one with the least to do).",
            valueName: "rule"))
    var route = SimulatedFleet.Route.turns

    @Option(
        help: ArgumentHelp(
            "Seconds of a step, of each of its tokens, and of each cached token that one reads, with commas between; "
                + "default: as measured on --model.",
            valueName: "numbers"),
        transform: CostArgument.init(parsing:))
    var cost: CostArgument?

    func validate() throws {
        guard (1...1024).contains(machines) else {
            throw ValidationError("--machines is \(machines), expected 1 to 1024.")
        }
        var unused = UnusedOptions()
        unused.add("--machines", machines != 1)
        unused.add("--route", route != .turns)
        unused.add("--cost", cost != nil)
        if !simulate { try unused.refuse("They are for --simulate.") }
    }
}

extension SimulatedFleet.Route: ExpressibleByArgument {}

/// The cost of a step as three numbers.
struct CostArgument: CustomStringConvertible {
    let cost: StepCost

    init(_ cost: StepCost) { self.cost = cost }

    @Sendable init(parsing text: String) throws {
        let values = try DecimalList(parsing: text).values
        guard values.count == 3, values.allSatisfy((0...600).contains),
            values[0] + values[1] > 0
        else {
            throw Expected("three numbers of seconds, such as 0.01,0.001,1e-8")
        }
        cost = StepCost(fixed: values[0], perToken: values[1], perRead: values[2])
    }

    var description: String { cost.argument }
}

/// What a prompt is granted, as two numbers.
struct PromptTimeArgument {
    let time: PromptTime

    @Sendable init(parsing text: String) throws {
        let values = try DecimalList(parsing: text).values
        guard values.count == 2, values.allSatisfy((0...3600).contains) else {
            throw Expected("two numbers of seconds, such as 0.1,0.002")
        }
        time = PromptTime(fixed: values[0], perToken: values[1])
    }
}
