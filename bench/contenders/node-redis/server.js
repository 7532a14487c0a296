// A small shop backend: Node's own HTTP server, one script a request in Redis.
//
//   node server.js HTTP-PORT REDIS-PORT SCRIPT

const http = require('http');
const fs = require('fs');
const { createClient } = require('redis');

const [port, redisPort, scriptFile] = process.argv.slice(2);
const results = ['won', 'already', 'sold_out'];

function say(res, code, result, sale, user, order) {
    const answer = { code, result, sale, user };
    if (order) answer.order = Number(order);
    const body = JSON.stringify(answer) + '\n';
    res.writeHead(200, { 'Content-Type': 'application/json',
                         'Content-Length': Buffer.byteLength(body) });
    res.end(body);
}

async function main() {
    const redis = createClient({
        socket: { host: '127.0.0.1', port: Number(redisPort) },
    });
    await redis.connect();
    const sha = await redis.scriptLoad(fs.readFileSync(scriptFile, 'utf8'));

    http.createServer(async (req, res) => {
        try {
            const query = new URLSearchParams(req.url.split('?')[1]);
            const sale = query.get('sale'), user = query.get('user');

            if (req.method === 'GET') {
                const order = await redis.hGet(`winners:${sale}`, user);
                return order ? say(res, 0, 'won', sale, user, order)
                             : say(res, 6, 'none', sale, user);
            }

            const [code, order] = await redis.evalSha(sha, {
                keys: [`stock:${sale}`, `winners:${sale}`], arguments: [user],
            });
            say(res, code, results[code], sale, user, order);
        } catch (err) {
            console.error(err);
            res.writeHead(503);
            res.end();
        }
    }).listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 });
}

main();
