// The wallet in this browser (EIP-1193). Everything here is a convenience: whatever signed the
// message, its signature can be pasted into the form.

const INITIALIZED_MS = 3_000;
const REFUSED = 4001;
const offer = document.getElementById("wallet-offer");
const problem = document.getElementById("wallet-problem");

function complain(error) {
  if (!(problem instanceof HTMLElement)) return;
  problem.textContent = error?.code === REFUSED
    ? problem.dataset.refused ?? ""
    : (error?.words ?? problem.dataset.failed ?? "");
  problem.hidden = false;
}

async function nameWallet(wallet) {
  const [address] = await wallet.request({ method: "eth_requestAccounts" });
  const chain = Number(await wallet.request({ method: "eth_chainId" }));
  const choice = document.getElementById("wallet-chain");
  const known = choice && [...choice.options].some((option) => option.value === String(chain));
  if (known) choice.value = String(chain);
  document.getElementById("wallet-address").value = address;
  document.getElementById("wallet-in-browser").value = "1";
  document.getElementById("wallet-form").requestSubmit();
}

async function signMessage(wallet) {
  const message = document.getElementById("wallet-message");
  const wanted = message.dataset.address;
  const accounts = await wallet.request({ method: "eth_requestAccounts" });
  if (!accounts.some((account) => account.toLowerCase() === wanted)) {
    throw { words: problem?.dataset.other };
  }
  const bytes = new TextEncoder().encode(message.value);
  const hex = "0x" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const signature = await wallet.request({ method: "personal_sign", params: [hex, wanted] });
  document.getElementById("wallet-signature").value = signature;
  document.getElementById("wallet-answer").requestSubmit();
}

function begin(wallet, button, act) {
  const press = async () => {
    if (button.disabled) return;
    button.disabled = true;
    if (problem) problem.hidden = true;
    try {
      await act(wallet);
    } catch (error) {
      complain(error);
      button.disabled = false;
    }
  };
  offer.hidden = false;
  button.addEventListener("click", press);
  if ("atOnce" in button.dataset) press();
}

function start() {
  if (!offer?.hidden || !window.ethereum) return;
  const connect = document.getElementById("wallet-connect");
  const sign = document.getElementById("wallet-sign");
  if (connect) begin(window.ethereum, connect, nameWallet);
  else if (sign) begin(window.ethereum, sign, signMessage);
}

// Some wallets put themselves into the page late, and say so.
window.addEventListener("ethereum#initialized", start, { once: true });
start();
setTimeout(start, INITIALIZED_MS);
