/// How shares move between the engines of one budget. One move is made at a time.

import MartletEngine

extension CacheShares {
    typealias Waiter = WaitingQueue<Wish, Lease, MartletError>.Waiter

    /// Serves those who wait, in order, as far as there is room.
    func arrange() async {
        guard !isArranging else { return }
        isArranging = true
        defer { isArranging = false }
        while let next = waiters.first, hasRoom(for: next) {
            switch await prepare(next) {
            case .failure(let error): waiters.refuse(next.id, error)
            case .success(let lease):
                let isServed = waiters.serve(next.id) {
                    holders[lease.holder]?.open[lease.id] = lease.bytes
                    return lease
                }
                // It may have given up meanwhile, and bytes alone are of no use to anybody else.
                if !isServed, next.wish.form == nil { holders[lease.holder] = nil }
            }
        }
        for waiter in waiters.all where waiter.wish.isForNow {
            waiters.refuse(waiter.id, isFull(after: .zero))
        }
    }

    /// Who holds what somebody waits for.
    private func holder(of waiter: Waiter) -> String { waiter.wish.form?.id ?? "\(waiter.id)" }

    /// Whether the answers under way leave room for one more, wherever shares are now, and an engine for it.
    private func hasRoom(for waiter: Waiter) -> Bool {
        let key = holder(of: waiter)
        if waiter.wish.form != nil, holders[key] == nil, stayingEngines >= Self.mostEngines {
            return false
        }
        let others = holders.reduce(0) { $0 + ($1.key == key ? 0 : $1.value.floor) }
        return others + max(holders[key]?.floor ?? 0, waiter.wish.bytes) <= budgetBytes
    }

    /// Engines that cannot make way for another: those with answers under way, and the one that stays.
    private var stayingEngines: Int {
        holders.values.count(where: { holder in
            guard let model = holder.model else { return false }
            return model === base || !holder.open.isEmpty
        })
    }

    /// Makes the engine where there is none, and its share large enough.
    private func prepare(_ waiter: Waiter) async -> Result<Lease, MartletError> {
        let key = holder(of: waiter)
        do throws(MartletError) {
            if holders[key] == nil {
                if let form = waiter.wish.form {
                    await retireEngines()
                    let engine = try await Model(
                        form.loaded, budgetBytes: 0, largestBudget: budgetBytes,
                        costs: base.costs)
                    holders[key] = Holder(model: engine)
                } else {
                    holders[key] = Holder(model: nil)
                }
            }
        } catch { return .failure(error) }
        clock += 1
        holders[key]?.lastUse = clock
        await grow(key, by: waiter)
        return .success(
            Lease(
                id: waiter.id, holder: key, model: holders[key]?.model, bytes: waiter.wish.bytes))
    }

    /// Ends the engines that were not used for longest, until there may be one more.
    private func retireEngines() async {
        while true {
            let engines = holders.filter { $0.value.model != nil }
            guard engines.count >= Self.mostEngines else { return }
            let idle = engines.filter { $0.value.open.isEmpty && $0.value.model !== base }
            guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
            guard let model = oldest.value.model else { return }
            await model.shutdown()
            // What it did is counted with it until here, and without it from here on.
            let work = await model.work()
            holders[oldest.key] = nil
            endedWork = endedWork + work
        }
    }

    /// Gives a holder the bytes that an answer needs, and its other answers too as far as its fair part goes: free ones,
    /// then those of engines without answers, then what others have beyond their fair part, then all that their answers can
    /// do without.
    private func grow(_ key: String, by waiter: Waiter) async {
        guard let holder = holders[key] else { return }
        let least = max(holder.floor, waiter.wish.bytes)
        let busy = holders.filter { $0.key == key || !$0.value.open.isEmpty }
        let part = budgetBytes / max(1, busy.count)
        let (wish, overflow) = holder.wish.addingReportingOverflow(waiter.wish.bytes)
        let wanted = waiter.wish.form == nil ? least : max(least, min(overflow ? part : wish, part))
        if holder.share < wanted {
            for (other, value) in holders.sorted(by: { $0.value.lastUse < $1.value.lastUse })
            where other != key && value.open.isEmpty {
                await take(from: other, leaving: 0, until: wanted, for: key)
            }
            for (other, value) in busy where other != key && value.model != nil {
                let kept = max(value.floor, min(value.wish, part))
                await take(from: other, leaving: kept, until: wanted, for: key)
            }
            for (other, value) in busy where other != key && value.model != nil {
                await take(from: other, leaving: value.floor, until: least, for: key)
            }
        }
        // What is left over serves whoever came last; bytes alone are no more than asked for.
        let free = budgetBytes - sharedBytes
        let more = waiter.wish.form == nil ? min(free, wanted - holder.share) : free
        guard more > 0 else { return }
        holders[key]?.share += more
        await holder.model?.engine.setBudget(holder.share + more)
    }

    /// Takes from a holder what another lacks until it has so many bytes, as far as the holder keeps `least`.
    private func take(
        from key: String, leaving least: Int, until wanted: Int, for other: String
    ) async {
        guard let holder = holders[key], let growing = holders[other] else { return }
        let missing = wanted - growing.share - (budgetBytes - sharedBytes)
        let taken = min(missing, holder.share - least)
        guard taken > 0 else { return }
        await holder.model?.engine.setBudget(holder.share - taken)
        holders[key]?.share -= taken
    }
}
