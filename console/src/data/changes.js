// What an event that has all of a sale says that the one before it did not.

const LEFT_OUT = ['name', 'commitment'];


export function createChanges() {
    const known = new Map();

    // as sales are now, where no event has said how they were
    function seed(sales) {
        for (const sale of sales) {
            if (!known.has(sale.name)) {
                known.set(sale.name, sale);
            }
        }
    }

    // to be called for each event once, in order
    function of(event) {
        if (event.type !== 'sale_added' && event.type !== 'sale_edited') {
            return [];
        }

        const before = known.get(event.sale);
        const now = event.detail ?? {};

        known.set(event.sale, now);

        if (!before) {
            return event.type === 'sale_added' ? [['stock', null, now.stock]] : [];
        }

        return Object.keys(now)
            .filter(name => !LEFT_OUT.includes(name)
                            && JSON.stringify(before[name])
                               !== JSON.stringify(now[name]))
            .map(name => [name, before[name], now[name]]);
    }

    return { seed, of };
}
