import { useState } from "react";
import { createClient } from "tertulia";
import { TertuliaProvider } from "tertulia/react";

import { enter, url } from "./account.js";
import { Chat } from "./Chat.jsx";

export function App() {
  const [client, setClient] = useState(null);
  if (!client) return <SignIn onDone={(getToken) => setClient(createClient({ url, getToken }))} />;
  const leave = () => {
    client.rest.ask("POST", "auth/logout").catch(() => {}); // this session only
    client.close();
    setClient(null);
  };
  return (
    <TertuliaProvider client={client}>
      <Chat onLeave={leave} />
    </TertuliaProvider>
  );
}

function SignIn({ onDone }) {
  const [problem, setProblem] = useState("");
  const submit = (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.currentTarget));
    const way = event.nativeEvent.submitter?.value ?? "login";
    enter(way, fields).then(onDone, (error) => setProblem(error.message));
  };
  return (
    <form className="sign-in" onSubmit={submit}>
      <input name="username" placeholder="Name" aria-label="Name" required />
      <input
        name="password"
        type="password"
        placeholder="Password"
        aria-label="Password"
        required
      />
      <button value="login">Sign in</button>
      <button value="register">Sign up</button>
      <p role="alert">{problem}</p>
    </form>
  );
}
