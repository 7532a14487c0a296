// Holds many streams: node streams.js PORT SALE N.  Says "ready" when all have
// had a frame, and ends when its input does.

const net = require("net");
const [port, sale, n] = process.argv.slice(2);

const AT_ONCE = 200;            // connections that are being made

let begun = 0;
let told = 0;

function begin() {
    if (begun >= n) {
        return;
    }

    const user = `stream-${++begun}`;
    const sock = net.connect(+port, "127.0.0.1");
    let text = "";

    sock.on("connect", () => sock.write(
        `GET /stream?sale=${sale}&user=${user} HTTP/1.1\r\nHost: localhost\r\n\r\n`));

    sock.on("data", (data) => {
        if (text === null) {
            return;
        }

        text += data.toString("latin1");

        if (!/^HTTP\/1\.1 200 [\s\S]*\nevent: order\n[\s\S]*\n\n/.test(text)) {
            return;
        }

        text = null;
        begin();

        if (++told == n) {
            console.log("ready");
        }
    });

    sock.on("error", (e) => { throw e; });
    sock.on("close", () => { throw new Error(`a stream has ended: ${text}`); });
}

for (let i = 0; i < AT_ONCE; i++) {
    begin();
}

process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
