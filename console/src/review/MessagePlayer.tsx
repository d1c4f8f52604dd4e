import { type Ref, useImperativeHandle, useRef, useState } from "react";
import { address } from "../api/client";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { IconButton } from "../ui/Button";
import { Keys } from "../ui/Keys";
import { reviewWords } from "../words/review";
import type { Message } from "./shapes";

export interface Player {
  toggle: () => void;
}

/** The message's own recording, or its lines read aloud; nothing is fetched before it is played. */
export function MessagePlayer({ message, ref }: { message: Message; ref: Ref<Player> }) {
  const words = useWords(reviewWords);
  const { clock } = useFormat();
  const sound = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const [failed, setFailed] = useState(false);
  const toggle = () => {
    const audio = sound.current;
    if (!audio) return;
    setFailed(false);
    if (audio.paused) audio.play().catch(() => setFailed(true));
    else audio.pause();
  };
  useImperativeHandle(ref, () => ({ toggle }));
  return (
    <div className="player">
      <audio
        ref={sound}
        preload="none"
        src={address("/v1/review/messages/{id}/audio", { id: message.message_id })}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        onDurationChange={(event) => setLength(event.currentTarget.duration)}
      />
      <IconButton icon={playing ? "pause" : "play"} label={playing ? words.pause : words.listen} onClick={toggle} />
      <input
        type="range"
        aria-label={words.position}
        aria-valuetext={clock(at)}
        min={0}
        max={Number.isFinite(length) ? length : 0}
        step={0.1}
        value={at}
        disabled={!length}
        onChange={(event) => {
          if (sound.current) sound.current.currentTime = Number(event.target.value);
        }}
      />
      <span className="player-time figures" role={failed ? "alert" : undefined}>
        {failed ? words.soundFailed : length ? `${clock(at)} / ${clock(length)}` : message.audio ? words.recording : words.spoken}
      </span>
      <Keys keys="p" />
    </div>
  );
}
