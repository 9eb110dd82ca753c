// Ask for the best answer inside a budget of memory and time, and watch the votes.

import Martlet

let name = CommandLine.arguments.dropFirst().first ?? "builtin"
let model = try await Model.load(name)

let budget = SolveBudget(memory: 32_000_000, deadline: .seconds(5))
for try await event in model.solve("C97:a=8,b=a*9+4,c=b*8,d=c-15,e=d*6+71,e?", budget: budget) {
    switch event {
    case .planned(let plan): print("\(plan.width) chains of at most \(plan.length) tokens")
    case .chain(let chain): print("chain \(chain.index): \(chain.answer ?? "no answer")")
    case .progress: continue
    case .answer(let result): print("answer: \(result.answer ?? "none")")
    }
}
