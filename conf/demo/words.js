// What the page says, in English and Chinese.

const EN = {
    page: 'A flash sale, to try',
    demo: 'demo',
    other: '中文',
    otherLang: 'zh-Hans',
    products: {
        phone: { name: 'Phone One', about: 'A phone that a hundred people may have. '
            + 'Everybody asks at once; the server says who got one.' },
        tickets: { name: 'Evening ticket', about: 'A thousand seats, four for each '
            + 'buyer.' },
    },
    about: 'A drop like in a shop: so many units, and no more, one moment in which '
        + 'they go on sale.',
    states: {
        loading: 'Asking the shop', scheduled: 'Opens soon', open: 'Open now',
        paused: 'Paused', sold_out: 'Sold out', ended: 'Over', unknown: 'No such sale',
    },
    links: { stream: 'live', polling: 'live, asks every second',
             lost: 'no answer, trying again' },
    opensIn: 'Opens in', yourTurn: 'Your turn in',
    left: 'left',
    of: stock => `of ${stock}`,
    parts: { free: 'free', held: 'held, not paid yet', sold: 'sold' },
    bar: (free, held, sold, stock) =>
        `${free} of ${stock} units are free, ${held} are held, ${sold} are sold`,
    waiting: n => `${n} in the waiting list`,
    buy: 'Buy now', soon: 'Not open yet', again: 'Try again', another: 'Try to get another',
    more: 'Buy one more', asking: 'Asking', gone: 'Nothing to buy now',
    pay: 'Pay (demo)', payNote: 'In place of a payment: it confirms the order '
        + 'by the API.',
    paying: 'Paying', payFailed: 'The payment was not taken',
    anew: 'Start a new sale', anewNote: 'This one has no units any more. A new '
        + 'one has a hundred, and opens in 10 seconds.',
    anewFailed: 'A new sale could not be made',
    holdsFor: 'Time left to pay',
    rush: 'Let loose a small rush',
    rushText: (users, limit, hold) => `${users} other users come within some seconds, `
        + `and each asks twice in a row. ${limit === 1 ? 'Nobody may get two.'
            : `Nobody may get more than ${limit}.`} `
        + (hold ? 'One winner in ten does not pay.' : ''),
    rushStart: 'Start the rush', rushStop: 'Stop it',
    rushNeeds: 'A rush needs a sale that is open.',
    figures: { won: 'have won', lost: 'have lost', rate: 'answers a second',
               twice: 'got too many' },
    progress: (users, all, left) => `${users} of ${all} users have heard their answers, `
        + `${left} left`,
    stopped: users => `Stopped after ${users} users.`,
    verdict: {
        even: (given, stock, rush) => 'Sold out to the last unit, and not one too many: '
            + `${given} of ${stock} have a buyer, ${rush} are the rush’s.`,
        left: (free, stock) => `${free} of ${stock} units are left.`,
        over: (given, stock) => `Something is wrong: ${given} of ${stock} units are `
            + 'given away.',
        unknown: 'The figures of the sale cannot be had just now.',
        pace: (answers, seconds) => `${answers} answers in ${seconds} s, as fast as this `
            + 'browser asks, each compared here with all others of its user: ',
        once: 'nobody got two.',
        within: limit => `nobody got more than ${limit}.`,
        twice: n => `Something is wrong: ${n} answers do not fit together.`,
        walked: n => `${n} winners left without paying: when their holds end, these `
            + 'units are on sale again.',
        undecided: n => `${n} users were given up: they have heard no answer.`,
    },
    story: 'What you have seen',
    told: [
        ['Each “won” was on disk first.', 'The answer waits for the commit, many '
            + 'winners in one. Kill the server with kill -9 and start it again: your '
            + 'order is still there, with the same number.'],
        ['Each “sold out” cost nothing.', 'Who cannot win is answered from memory: no '
            + 'lock, nothing written.'],
        ['The same question, the same answer.', 'Whoever asks again, after a lost '
            + 'connection or out of impatience, hears what he has already.'],
        ['No unit is lost.', 'One that is not paid in time is on sale again within a '
            + 'second. This page says so without being loaded anew.'],
    ],
    home: 'To the sale of this demo',
    you: 'You are', change: 'Change', userLabel: 'Your user id', use: 'Use it',
    anybody: 'A demo: it believes whoever you say that you are. In a shop, the login '
        + 'says it.',
    footer: { console: 'Operator’s console', events: 'The ledger',
              metrics: 'Metrics', sales: 'All sales' },
    says: {
        won: n => [`You have won: order ${n}`,
                   'It was on disk before you read this.'],
        held: n => [`Order ${n} is yours, if you pay`,
                    'When the time is over, the unit goes back on sale.'],
        paid: n => [`Order ${n} is paid`, 'The unit is yours for good.'],
        sold: n => [`Order ${n} is yours`, 'This sale knows no holds: sold at once.'],
        already: (n, limit) => [`You have yours already: order ${n}`, limit === 1
            ? 'Ask as often as you like: the same answer, never a second unit.'
            : `Nobody gets more than ${limit}.`],
        already_elsewhere: (n, sale) => [`You have yours already: order ${n}`,
            `It is of the sale ${sale}, which counts together with this one.`],
        units: n => `${n} units are yours.`,
        queued: (place, returning) => [`You are number ${place} in the waiting list`,
            `All units are taken, but ${returning} of them are held and may return. `
            + 'Keep this page open: it asks for you, and a unit that returns to you '
            + 'is held for you.'],
        sold_out: held => ['Sold out', held ? `All units are taken, ${held} of them held: `
            + 'those that are not paid return, and this page will say so.'
            : 'All units have a buyer.'],
        not_started: () => ['Not open yet', 'The button opens by itself, by the '
            + 'server’s clock.'],
        waiting: () => ['Your own turn is soon', 'This sale opens for each user at a '
            + 'moment drawn by lot, so speed is of no use.'],
        paused: () => ['The sale is paused', 'The operator has stopped it for now. '
            + 'Orders that were won stay.'],
        ended: () => ['The sale is over', 'Nothing can be bought any more.'],
        unavailable: s => ['The shop cannot decide just now',
            `You have not lost. This page asks again in ${s} s, as often as it takes: `
            + 'the same claim never buys twice.'],
        unauthorized: why => ['The shop does not know you', why || 'Please log in.'],
        unknown_sale: name => ['There is no such sale', `Nobody knows “${name}”.`],
        invalid: why => ['That did not work', why || ''],
        expired: () => ['Your time to pay is over', 'The unit is on sale again, and '
            + 'you may try once more.'],
        cancelled: () => ['Your order was cancelled', 'The shop has done this. The '
            + 'unit is on sale again.'],
        returned: n => ['Units have come back', `${n} can be bought now.`],
        lost: () => ['The shop does not answer', 'This page goes on trying. What you '
            + 'have won is on disk.'],
    },
};

const ZH = {
    page: '试一场秒杀',
    demo: '演示',
    other: 'English',
    otherLang: 'en',
    products: {
        phone: { name: '一号手机', about: '只有一百台，所有人同时来抢；谁抢到了，由服务器说了算。' },
        tickets: { name: '晚场门票', about: '一千个座位，每人最多四张。' },
    },
    about: '就像商城里的限量发售：数量固定，一件不多，到点开售。',
    states: {
        loading: '正在查询', scheduled: '即将开始', open: '正在抢购',
        paused: '已暂停', sold_out: '已售罄', ended: '已结束', unknown: '没有这场活动',
    },
    links: { stream: '实时', polling: '实时（每秒查询）', lost: '没有回应，正在重试' },
    opensIn: '距开始', yourTurn: '距您开抢',
    left: '件可抢',
    of: stock => `共 ${stock} 件`,
    parts: { free: '可售', held: '保留中，待付款', sold: '已售' },
    bar: (free, held, sold, stock) =>
        `共 ${stock} 件：可售 ${free} 件，保留中 ${held} 件，已售 ${sold} 件`,
    waiting: n => `候补名单 ${n} 人`,
    buy: '立即抢购', soon: '尚未开始', again: '再抢一次', another: '再抢一件试试',
    more: '再买一件', asking: '正在抢购', gone: '暂无可售',
    pay: '付款（演示）', payNote: '代替真实的支付：它只通过 API 确认订单。',
    paying: '正在付款', payFailed: '付款未被接受',
    anew: '开始新的一场', anewNote: '本场已没有可售的商品。新的一场有一百件，10 秒后开售。',
    anewFailed: '无法创建新的一场',
    holdsFor: '剩余付款时间',
    rush: '放一波人进来抢',
    rushText: (users, limit, hold) => `${users} 位用户在几秒内涌入，每人连续抢两次。`
        + `${limit === 1 ? '谁也不能抢到两件。' : `谁也不能超过 ${limit} 件。`}`
        + (hold ? '十位抢到的人中有一位不付款。' : ''),
    rushStart: '放人进来', rushStop: '停止',
    rushNeeds: '活动正在进行时才能放人进来。',
    figures: { won: '人抢到', lost: '人没抢到', rate: '应答/秒', twice: '人超限' },
    progress: (users, all, left) => `${all} 人中已有 ${users} 人得到答复，剩余 ${left} 件`,
    stopped: users => `已停止，共 ${users} 人。`,
    verdict: {
        even: (given, stock, rush) => `全部售完，一件不多，一件不少：${stock} 件中 `
            + `${given} 件有了买主，其中 ${rush} 件属于这波人。`,
        left: (free, stock) => `${stock} 件中还剩 ${free} 件。`,
        over: (given, stock) => `出错了：${stock} 件却给出了 ${given} 件。`,
        unknown: '暂时查不到本场的数字。',
        pace: (answers, seconds) => `${seconds} 秒内 ${answers} 次应答（快慢取决于浏览器），`
            + '本页逐一与同一用户的其他应答核对：',
        once: '没有人得到两件。',
        within: limit => `没有人超过 ${limit} 件。`,
        twice: n => `出错了：有 ${n} 次应答前后不符。`,
        walked: n => `${n} 位抢到的人没有付款就走了：保留到期后，这些商品重新开卖。`,
        undecided: n => `有 ${n} 位用户始终没有得到答复。`,
    },
    story: '您刚才看到了什么',
    told: [
        ['每一个“抢到”都先写入磁盘。', '应答要等提交完成，许多人的结果共用一次提交。用 kill -9 '
            + '杀掉服务器再启动：您的订单还在，编号不变。'],
        ['每一个“售罄”都不花代价。', '抢不到的人直接由内存应答：不加锁，不写任何东西。'],
        ['同样的问题，同样的答案。', '无论是断线还是心急，再问一次，得到的都是原来的结果。'],
        ['一件也不会丢。', '到时未付款的，一秒之内重新开卖；本页不用刷新就会显示。'],
    ],
    home: '前往本演示的活动',
    you: '您是', change: '更改', userLabel: '您的用户 ID', use: '使用',
    anybody: '这是演示：您说是谁就是谁。真正的商城由登录来确认。',
    footer: { console: '运营控制台', events: '账本', metrics: '指标',
              sales: '全部活动' },
    says: {
        won: n => [`抢到了：订单 ${n}`, '在您看到这行字之前，它已写入磁盘。'],
        held: n => [`订单 ${n} 已为您保留，请付款`, '到时未付款，这一件会重新开卖。'],
        paid: n => [`订单 ${n} 已付款`, '商品归您了。'],
        sold: n => [`订单 ${n} 是您的`, '本场抢到即售出，没有付款期限。'],
        already: (n, limit) => [`您已经有了：订单 ${n}`, limit === 1
            ? '再问多少次答案都一样，不会有第二件。' : `每人最多 ${limit} 件。`],
        already_elsewhere: (n, sale) => [`您已经有了：订单 ${n}`,
            `它属于活动 ${sale}，与本场合并计数。`],
        units: n => `您共有 ${n} 件。`,
        queued: (place, returning) => [`您在候补名单的第 ${place} 位`,
            `商品已被抢完，但有 ${returning} 件待付款，可能退回。请不要关闭本页：它会替您查询，`
            + '轮到您时，商品会为您保留。'],
        sold_out: held => ['已售罄', held ? `商品已被抢完。其中 ${held} 件待付款：未付款的会退回，`
            + '本页会告诉您。' : '每一件都有了买主。'],
        not_started: () => ['尚未开始', '按钮按服务器的时间自动开启。'],
        waiting: () => ['很快轮到您', '本场由抽签决定每个人的开售时刻，手快也没用。'],
        paused: () => ['活动已暂停', '运营人员暂时停止了活动。已抢到的订单不受影响。'],
        ended: () => ['活动已结束', '不能再购买了。'],
        unavailable: s => ['商城暂时无法确定结果',
            `这不表示没抢到。本页 ${s} 秒后重试，直到有结果：同一次抢购不会买到两件。`],
        unauthorized: why => ['商城无法确认您的身份', why || '请先登录。'],
        unknown_sale: name => ['没有这场活动', `找不到“${name}”。`],
        invalid: why => ['没有成功', why || ''],
        expired: () => ['付款时间已过', '这一件已重新开卖，您可以再抢一次。'],
        cancelled: () => ['您的订单已取消', '由商城取消，这一件已重新开卖。'],
        returned: n => ['有商品退回', `现在可以购买 ${n} 件。`],
        lost: () => ['商城没有回应', '本页会继续尝试。您抢到的已写入磁盘。'],
    },
};

const WORDS = { en: EN, zh: ZH };


export const preferred = languages =>
    (languages.find(l => /^(zh|en)\b/.test(l)) ?? 'en').slice(0, 2);

export const words = lang => WORDS[lang] ?? EN;

export const other = lang => (lang === 'zh' ? 'en' : 'zh');
