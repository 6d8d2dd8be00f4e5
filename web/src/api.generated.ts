// Made by `npm run types` from the server's OpenAPI document. Do not edit.
export interface paths {
    "/api/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description. */
        get: operations["system_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/public/shows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All shows. */
        get: operations["public_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/public/shows/{show}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One show. */
        get: operations["public_read"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/public/shows/{show}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as it changes: event `show` (PublicShow). */
        get: operations["public_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/public/shows/{show}/seat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** A new grant, for who has the seat. */
        put: operations["public_renew"];
        /** Opens the seat of the ticket in the cookie. With `take`, also where it is open on another screen. */
        post: operations["public_take"];
        /** The screen is closed: the seat can be opened elsewhere without asking. */
        delete: operations["public_leave"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/public/shows/{show}/sightings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes in what a viewer's player tells of what it saw, while the show is on: when it joined,
         *     every 15 s, when its way changed, and when it leaves. With the same right as watching.
         */
        post: operations["public_sighting"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All shows. */
        get: operations["shows_list"];
        put?: never;
        /** Announces a show. */
        post: operations["shows_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One show. */
        get: operations["shows_read"];
        put?: never;
        post?: never;
        /** Deletes a show with all it has. Not while it is live. */
        delete: operations["shows_remove"];
        options?: never;
        head?: never;
        /** Changes what is announced. */
        patch: operations["shows_change"];
        trace?: never;
    };
    "/api/v1/shows/{show}/audience": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sends the audience somewhere else without the stage noticing, or brings it back. */
        put: operations["stage_audience"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/clips": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The clips of the show. */
        get: operations["clips_list"];
        put?: never;
        /** Uploads a clip: the file's bytes as the body, of any type but form data and JSON. */
        post: operations["clips_upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/clips/{clip}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a clip. Not while it is being played. */
        delete: operations["clips_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/clips/{clip}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a clip stand still. */
        post: operations["clips_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/clips/{clip}/play": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Plays a clip on the stage, from its beginning or from where it was paused. */
        post: operations["clips_play"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/clips/{clip}/playback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes how a clip is played. */
        patch: operations["clips_playback"];
        trace?: never;
    };
    "/api/v1/shows/{show}/clips/{clip}/seek": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes to a place in a clip. */
        post: operations["clips_seek"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/clips/{clip}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a clip off the stage; the scene before it returns. */
        post: operations["clips_stop"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/director-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a link that lets somebody direct the show. */
        post: operations["shows_director_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the show, for good. */
        post: operations["shows_end"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The stage as it changes: event `state` (StageState) at once and on each change, at most ten a
         *     second; event `levels` (LevelMap) five times a second.
         */
        get: operations["stage_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/house": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who watches now, how well, and why others left. */
        get: operations["house_state"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows the audience a card. */
        post: operations["shows_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/performers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Invites a performer. */
        post: operations["stage_add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/performers/{performer}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a performer: sessions closed, invitation and tokens dead. */
        delete: operations["stage_remove"];
        options?: never;
        head?: never;
        /** Puts a performer on or off the stage, mutes, hides, renames, moves them. */
        patch: operations["stage_change"];
        trace?: never;
    };
    "/api/v1/shows/{show}/performers/{performer}/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What lets a performer in, with a new WHIP token. */
        post: operations["stage_credentials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/recording.mp4": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The recording of a show that is over, as one MP4: H.264 and AAC as they went out, fragmented,
         *     with an index; what a restart took out is closed up.
         */
        get: operations["house_film"];
        put?: never;
        /**
         * The same for a page: a form brings the token in its body, so that the browser itself saves the
         *     file, and no address holds a token.
         */
        post: operations["house_film_by_form"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The report of a show: the same numbers, and how they came about. Final once it is over. */
        get: operations["house_report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/report.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The report as a table for spreadsheets: what and how much, an empty line, the timeline. */
        get: operations["house_report_csv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes on after a pause. */
        post: operations["shows_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/scene": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets what the stage shows. */
        put: operations["stage_scene"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets the audience in. */
        post: operations["shows_start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The stage as it is now. */
        get: operations["stage_state"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shows/{show}/viewer-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a link that lets somebody watch the show, for a door that asks for one. */
        post: operations["shows_viewer_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The show, oneself, and the others. */
        get: operations["performer_read"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes the name shown under one's picture. */
        patch: operations["performer_rename"];
        trace?: never;
    };
    "/api/v1/stage/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as it changes: event `stage` (PerformerStage). Ends when one is removed. */
        get: operations["performer_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the server runs. */
        get: operations["system_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the server can do its work. */
        get: operations["system_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The metrics, in Prometheus' text format. */
        get: operations["system_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/whep/{show}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says that WHEP is spoken here. */
        get: operations["media_whep_look"];
        put?: never;
        /** Plays the Program, a performer, or the stage's mix: an SDP offer, for an answer. WHEP. */
        post: operations["media_play"];
        delete?: never;
        options?: never;
        /** Says what WHEP answers with here. */
        head: operations["media_whep_head"];
        patch?: never;
        trace?: never;
    };
    "/whep/{show}/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says that the session is there. */
        get: operations["media_whep_session_look"];
        put?: never;
        post?: never;
        /** Ends a session. */
        delete: operations["media_whep_end"];
        options?: never;
        head?: never;
        /** Brings trickled ICE candidates. */
        patch: operations["media_whep_trickle"];
        trace?: never;
    };
    "/whip/{show}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says that WHIP is spoken here. */
        get: operations["media_whip_look"];
        put?: never;
        /** Publishes as a performer: an SDP offer, for an answer. WHIP, RFC 9725. */
        post: operations["media_publish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/whip/{show}/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says that the session is there. */
        get: operations["media_whip_session_look"];
        put?: never;
        post?: never;
        /** Ends a session. */
        delete: operations["media_whip_end"];
        options?: never;
        head?: never;
        /** Brings trickled ICE candidates. */
        patch: operations["media_whip_trickle"];
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Somebody to invite. */
        AddPerformer: {
            /**
             * Format: int64
             * @description How long the WHIP token holds; 30 days if absent.
             */
            expires_in_s?: number | null;
            /** @description Written under their picture, up to 60 characters. */
            name: string;
            role?: components["schemas"]["RoleName"] | null;
        };
        /** @description Where the audience looks. */
        Audience: {
            /** @description Which clip, if the target is one. */
            clip: string | null;
            /** @description Which performer, if the target is one. */
            performer: string | null;
            playback: components["schemas"]["Playback"] | null;
            slate: components["schemas"]["SlateText"] | null;
            /** @description What kind of place. */
            target: components["schemas"]["AudienceTarget"];
        };
        /**
         * @description Where the audience can look.
         * @enum {string}
         */
        AudienceTarget: "program" | "clip" | "slate" | "performer";
        /**
         * @description The shape of the picture.
         * @enum {string}
         */
        CanvasShape: "16:9" | "9:16";
        /** @description An uploaded video, picture or sound. */
        Clip: {
            /**
             * Format: date-time
             * @description When it was uploaded.
             */
            created_at: string;
            /**
             * Format: int64
             * @description None for a still picture.
             */
            duration_ms: number | null;
            /**
             * Format: int32
             * @description Pixels; none if there is no picture.
             */
            height: number | null;
            /** @description 16 lower-case hexadecimal digits. */
            id: string;
            /** @description What it is called. */
            name: string;
            /**
             * Format: int64
             * @description Bytes.
             */
            size: number;
            /** @description Whether there is sound. */
            sound: boolean;
            /**
             * Format: int32
             * @description Pixels; none if there is no picture.
             */
            width: number | null;
        };
        /** @description The clips of a show. */
        ClipList: {
            /** @description In the order they were uploaded. */
            clips: components["schemas"]["Clip"][];
        };
        /**
         * @description Whether a performer's media can reach the server.
         * @enum {string}
         */
        ConnectionState: "away" | "connecting" | "connected" | "lost";
        /** @description A show to announce. */
        CreateShow: {
            canvas?: components["schemas"]["CanvasShape"] | null;
            /** @description Up to 4000 characters. */
            description?: string | null;
            door?: components["schemas"]["DoorRule"] | null;
            /**
             * Format: int32
             * @description 1 to 9; 4 if absent.
             */
            max_on_air?: number | null;
            /** @description Its name in addresses; made from the title if absent. */
            slug?: string | null;
            /**
             * Format: date-time
             * @description RFC 3339.
             */
            starts_at?: string | null;
            /** @description One line, up to 120 characters. */
            title: string;
        };
        /** @description What lets a performer in. */
        Credentials: {
            /** @description Who opens it, is this performer. */
            invitation_url: string;
            /** @description The bearer token for it. */
            whip_token: string;
            /** @description Where standard WHIP clients publish. */
            whip_url: string;
        };
        /**
         * @description Who may watch.
         * @enum {string}
         */
        DoorRule: "open" | "grant";
        /** @description What went wrong. */
        FaultBody: {
            /**
             * @description Stable, `snake_case`; what programs and translations key on.
             * @example stage_full
             */
            code: string;
            /** @description What to do next, if there is something. */
            hint: string | null;
            /** @description One sentence for the person who asked. */
            text: string;
        };
        /** @description Another performer, as their fellows see them. */
        Fellow: {
            /** @description Sound flows now. */
            audio: boolean;
            /** @description Whether their media can reach the server. */
            connection: components["schemas"]["ConnectionState"];
            /** @description 16 lower-case hexadecimal digits. */
            id: string;
            /** @description Sound taken off by the director. */
            muted: boolean;
            /** @description Written under their picture. */
            name: string;
            /**
             * Format: int32
             * @description Their order on air, from 0.
             */
            place: number | null;
            /** @description What they are on the stage. */
            role: components["schemas"]["RoleName"];
            /** @description A picture flows now. */
            video: boolean;
        };
        /** @description What lets a browser download a recording. */
        FilmForm: {
            /** @description The director's or the admin's token. */
            token: string;
        };
        /** @description A link that lets somebody in. */
        GrantLink: {
            /**
             * Format: date-time
             * @description Until when.
             */
            expires_at: string;
            /** @description The same token, for programs. */
            token: string;
            /** @description The page, with the token in its fragment. */
            url: string;
        };
        /** @description The house over one step of the timeline. */
        HouseSample: {
            /**
             * Format: date-time
             * @description When the step ended.
             */
            at: string;
            /** @description Who was there. */
            by_way: components["schemas"]["Ways"];
            /**
             * Format: double
             * @description How much of that the picture stood still, in seconds.
             */
            frozen_s: number;
            /**
             * Format: double
             * @description How long all watched together in it, in seconds.
             */
            watched_s: number;
        };
        /** @description The numbers of a show so far. */
        HouseState: {
            /** @description The same by way. */
            by_way: components["schemas"]["Ways"];
            /**
             * Format: int64
             * @description Who came so far; a page opened again is another.
             */
            came: number;
            /**
             * @description From the server to the screen: by WebRTC half of the round trip and the wait before it is
             *     shown, by HLS how old the picture is.
             */
            delay_by_way: components["schemas"]["SpansByWay"];
            /**
             * Format: int64
             * @description How often a picture began to stand still.
             */
            freezes: number;
            /**
             * Format: double
             * @description How much of that the picture stood still, in seconds.
             */
            frozen_s: number;
            /**
             * Format: double
             * @description The same as a share, 0 to 1; none if nobody watched.
             */
            frozen_share: number | null;
            /**
             * Format: double
             * @description The same in the last minute.
             */
            frozen_share_lately: number | null;
            /** @description From the page's first wish to the first picture. */
            join: components["schemas"]["Spans"];
            /** @description The same by way. */
            join_by_way: components["schemas"]["SpansByWay"];
            /** @description Who left, and why. */
            left: components["schemas"]["LeftBy"];
            /** @description Who changed to a way from another. */
            moved: components["schemas"]["Ways"];
            /**
             * Format: int32
             * @description The most at once.
             */
            peak: number;
            /**
             * Format: date-time
             * @description When that was.
             */
            peak_at: string | null;
            /** @description The recording. */
            recording: components["schemas"]["RecordingInfo"];
            /**
             * Format: int64
             * @description Who had been lost and was heard again.
             */
            returned: number;
            /**
             * Format: int64
             * @description Signs of life of those who found no room to be counted.
             */
            uncounted: number;
            /**
             * Format: int32
             * @description Who is there now.
             */
            viewers: number;
            /**
             * Format: int64
             * @description How long all watched together, in seconds.
             */
            watched_s: number;
        };
        /** @description How many joins took less than so long, and no less than the step before. */
        JoinStep: {
            /**
             * Format: int64
             * @description In ms; none for all that took longer than the step before.
             */
            below_ms: number | null;
            /**
             * Format: int64
             * @description How many.
             */
            count: number;
        };
        /**
         * @description How the stage looks.
         * @enum {string}
         */
        LayoutName: "solo" | "side_by_side" | "grid" | "picture_in_picture" | "clip_full" | "clip_with_hosts" | "slate";
        /** @description How many left, by why. */
        LeftBy: {
            /**
             * Format: int64
             * @description They were there when the show ended.
             */
            ended: number;
            /**
             * Format: int64
             * @description They left the page.
             */
            left: number;
            /**
             * Format: int64
             * @description Nothing was heard of them any more.
             */
            lost: number;
            /**
             * Format: int64
             * @description Their right to watch ended.
             */
            removed: number;
            /**
             * Format: int64
             * @description The server stopped while they watched.
             */
            stopped: number;
        };
        /** @description Loudness of what is in the mix. The data of the `levels` event. */
        LevelMap: {
            /** @description Performer id, `clip` (the stage's) or `audience_clip` → peak in dBFS, 0 loudest. */
            levels: {
                [key: string]: number;
            };
        };
        /** @description How long something is to hold. */
        Lifetime: {
            /**
             * Format: int64
             * @description Seconds, at least 1; each kind of link has its own default and limit.
             */
            expires_in_s?: number | null;
        };
        /** @description Whether the server runs. */
        Live: {
            /** @description Always true: who cannot answer says nothing. */
            live: boolean;
        };
        /** @description The performer who asks. */
        Me: {
            /** @description What they publish into. */
            feed: string;
            /** @description Picture taken off by the director. */
            hidden: boolean;
            /** @description 16 lower-case hexadecimal digits. */
            id: string;
            /** @description Sound taken off by the director. */
            muted: boolean;
            /** @description Written under their picture. */
            name: string;
            /**
             * Format: int32
             * @description Their order on air, from 0.
             */
            place: number | null;
            /** @description What they are on the stage. */
            role: components["schemas"]["RoleName"];
        };
        /**
         * @description The mixer process.
         * @enum {string}
         */
        MixerStatus: "off" | "starting" | "up" | "restarting";
        /** @description A new performer, with what lets them in. */
        NewPerformer: {
            /** @description Who opens it, is this performer. */
            invitation_url: string;
            /** @description The performer. */
            performer: components["schemas"]["Performer"];
            /** @description The bearer token for it. */
            whip_token: string;
            /** @description Where standard WHIP clients publish. */
            whip_url: string;
        };
        /** @description What performers may change of themselves; absent keys stay. */
        PatchMe: {
            /** @description Written under their picture, up to 60 characters. */
            name?: string | null;
        };
        /** @description What to change of a performer; absent keys stay. */
        PatchPerformer: {
            /** @description Takes their picture off. */
            hidden?: boolean | null;
            /** @description Takes their sound off. */
            muted?: boolean | null;
            /** @description Written under their picture. */
            name?: string | null;
            /**
             * Format: int32
             * @description Their order on air, from 0.
             */
            place?: number | null;
            role?: components["schemas"]["RoleName"] | null;
            /**
             * Format: float
             * @description Linear factor, 0 to 2.
             */
            volume?: number | null;
        };
        /** @description What to change of a playback; absent keys stay. */
        PatchPlayback: {
            /** @description Whether it begins again at its end. */
            looped?: boolean | null;
            /**
             * Format: float
             * @description Linear factor, 0 to 2.
             */
            volume?: number | null;
        };
        /** @description What to change of a show; absent keys stay. */
        PatchShow: {
            canvas?: components["schemas"]["CanvasShape"] | null;
            /** @description Up to 4000 characters. */
            description?: string | null;
            door?: components["schemas"]["DoorRule"] | null;
            /**
             * Format: int32
             * @description 1 to 9.
             */
            max_on_air?: number | null;
            /** @description Its name in addresses. */
            slug?: string | null;
            /**
             * Format: date-time
             * @description RFC 3339; `null` for no date.
             */
            starts_at?: string | null;
            /** @description One line, up to 120 characters. */
            title?: string | null;
        };
        /** @description A performer, as the director sees them. */
        Performer: {
            /** @description Sound flows now. */
            audio: boolean;
            /** @description Whether their media can reach the server. */
            connection: components["schemas"]["ConnectionState"];
            /** @description What they publish into. */
            feed: string;
            /** @description Picture taken off by the director. */
            hidden: boolean;
            /** @description 16 lower-case hexadecimal digits. */
            id: string;
            /** @description Who opens it, is this performer. */
            invitation_url: string;
            /** @description Sound taken off by the director. */
            muted: boolean;
            /** @description Written under their picture. */
            name: string;
            /**
             * Format: int32
             * @description Their order on air, from 0.
             */
            place: number | null;
            /** @description What they are on the stage. */
            role: components["schemas"]["RoleName"];
            /** @description A picture flows now. */
            video: boolean;
            video_codec: components["schemas"]["VideoCodec"] | null;
            /**
             * Format: float
             * @description Linear factor, 0 to 2.
             */
            volume: number;
        };
        /** @description The stage as one performer sees it. */
        PerformerStage: {
            /** @description Who asks. */
            me: components["schemas"]["Me"];
            /** @description Who else is there. */
            others: components["schemas"]["Fellow"][];
            /** @description The show. */
            show: components["schemas"]["StageShow"];
            /** @description Where to publish. */
            whip_url: string;
        };
        /** @description How to play a clip. */
        PlayClip: {
            /** @description Whether it begins again at its end. */
            looped?: boolean | null;
            /**
             * Format: int64
             * @description Where to begin.
             */
            position_ms?: number | null;
            /** @description Show it; `true` if absent. */
            take?: boolean | null;
            /**
             * Format: float
             * @description Linear factor, 0 to 2.
             */
            volume?: number | null;
        };
        /** @description A clip being played. */
        Playback: {
            /**
             * Format: date-time
             * @description When `position_ms` was true.
             */
            at: string;
            /** @description Which clip. */
            clip: string;
            /**
             * Format: int64
             * @description None while unknown, or for a still picture.
             */
            duration_ms: number | null;
            /** @description Why it failed. */
            error: string | null;
            /** @description Whether it begins again at its end. */
            looped: boolean;
            /**
             * Format: int64
             * @description From its beginning, at the moment `at`.
             */
            position_ms: number;
            /** @description Where its playing is. */
            state: components["schemas"]["PlaybackState"];
            /**
             * Format: float
             * @description Linear factor, 0 to 2.
             */
            volume: number;
        };
        /**
         * @description Where a clip's playing is.
         * @enum {string}
         */
        PlaybackState: "playing" | "paused" | "ended" | "failed";
        /** @description What a viewer's player tells of what it saw. Spans are since the last one it told. */
        PostSighting: {
            /**
             * Format: int64
             * @description How far behind the server the picture is; nothing for who went back in time.
             */
            delay_ms?: number | null;
            /**
             * Format: int32
             * @description How often it began to stand still.
             */
            freezes: number;
            /**
             * Format: int64
             * @description How long of that the picture stood still.
             */
            frozen_ms: number;
            /**
             * Format: int64
             * @description From the page's first wish to its first picture; told once.
             */
            joined_ms?: number | null;
            /** @description The page is being left: this is the last. */
            leaving?: boolean;
            /**
             * Format: int32
             * @description How many it told before.
             */
            number: number;
            /**
             * @description The viewer: 16 lower-case hexadecimal digits that the page made up when it was opened; the
             *     same as in the header `palco-viewer` of what it asks of `/whep` and `/hls`.
             */
            viewer: string;
            /**
             * Format: int64
             * @description How long the show was to be seen.
             */
            watched_ms: number;
            /** @description What is on screen. */
            way: components["schemas"]["WayName"];
        };
        /** @description A show as the audience sees it. */
        PublicShow: {
            /** @description The shape of its picture. */
            canvas: components["schemas"]["CanvasShape"];
            /** @description May be empty. */
            description: string;
            /** @description Who may watch. */
            door: components["schemas"]["DoorRule"];
            /**
             * Format: date-time
             * @description When it ended.
             */
            ended_at: string | null;
            /** @description 16 lower-case hexadecimal digits. */
            id: string;
            /** @description Whether it is over and can be watched again. */
            replay: boolean;
            /** @description Whether it could be watched again, and cannot any longer: it was not kept for ever. */
            replay_gone: boolean;
            /** @description Its name in addresses. */
            slug: string;
            /**
             * Format: date-time
             * @description When it went live.
             */
            started_at: string | null;
            /**
             * Format: date-time
             * @description When it is announced for.
             */
            starts_at: string | null;
            /** @description Where it is in its life. */
            state: components["schemas"]["ShowState"];
            /** @description One line. */
            title: string;
        };
        /** @description All shows, as the audience sees them. */
        PublicShowList: {
            /** @description What is on first, then what is next, then what is over. */
            shows: components["schemas"]["PublicShow"][];
        };
        /** @description Where to send the audience. */
        PutAudience: {
            /** @description Which clip, if the target is one. */
            clip?: string | null;
            /** @description Whether the clip begins again at its end. */
            looped?: boolean | null;
            /** @description Which performer, if the target is one. */
            performer?: string | null;
            /** @description Whether the clip's end brings the audience back; `true` if absent. */
            return_at_end?: boolean | null;
            slate?: components["schemas"]["SlateText"] | null;
            /** @description What kind of place. */
            target: components["schemas"]["AudienceTarget"];
        };
        /** @description What the stage is to show; absent keys stay. */
        PutScene: {
            /** @description Who is large; `null` for nobody in particular. */
            focus?: string | null;
            /** @description Who stands where. */
            layout: components["schemas"]["LayoutName"];
            slate?: components["schemas"]["SlateText"] | null;
            transition?: components["schemas"]["SceneTransition"] | null;
        };
        /** @description Whether the server can do its work. */
        Ready: {
            /** @description Part → `ok`, or what is wrong. */
            checks: {
                [key: string]: string;
            };
            /** @description Whether all checks hold. */
            ready: boolean;
        };
        /** @description The recording of a show. */
        RecordingInfo: {
            /** @description What ended it before the show: `disk_full`, `disk_slow` or another fault's code. */
            fault: string | null;
            /** @description Whether there is one. */
            state: components["schemas"]["RecordingState"];
        };
        /**
         * @description Whether there is a recording.
         * @enum {string}
         */
        RecordingState: "none" | "running" | "stopped" | "ready" | "gone";
        /**
         * @description What a performer is on the stage.
         * @enum {string}
         */
        RoleName: "host" | "backstage" | "crew";
        /** @description What the stage shows. */
        Scene: {
            /** @description The performer who is large where somebody is. */
            focus: string | null;
            /** @description Who stands where. */
            layout: components["schemas"]["LayoutName"];
            /** @description What the card says. */
            slate: components["schemas"]["SlateText"];
            /** @description How changes are made. */
            transition: components["schemas"]["SceneTransition"];
        };
        /** @description How one scene gives way to the next. */
        SceneTransition: {
            /** @description Cut or fade. */
            kind: components["schemas"]["TransitionKind"];
            /**
             * Format: int32
             * @description How long a fade takes, up to 5000.
             */
            millis?: number;
        };
        /** @description A grant for a seat. */
        SeatGrant: {
            /**
             * Format: date-time
             * @description Until when; renew it before.
             */
            expires_at: string;
            /** @description What is sent as the bearer token. */
            token: string;
        };
        /** @description Where to go in a clip. */
        SeekClip: {
            /**
             * Format: int64
             * @description From its beginning.
             */
            position_ms: number;
        };
        /** @description A show. */
        Show: {
            /** @description The shape of its picture. */
            canvas: components["schemas"]["CanvasShape"];
            /** @description May be empty. */
            description: string;
            /** @description Who may watch. */
            door: components["schemas"]["DoorRule"];
            /**
             * Format: date-time
             * @description When it ended.
             */
            ended_at: string | null;
            /** @description 16 lower-case hexadecimal digits. */
            id: string;
            /** @description Where its pages are. */
            links: components["schemas"]["ShowLinks"];
            /**
             * Format: int32
             * @description No more hosts on air than this.
             */
            max_on_air: number;
            /** @description Its name in addresses. */
            slug: string;
            /**
             * Format: date-time
             * @description When it went live.
             */
            started_at: string | null;
            /**
             * Format: date-time
             * @description When it is announced for.
             */
            starts_at: string | null;
            /** @description Where it is in its life. */
            state: components["schemas"]["ShowState"];
            /** @description One line. */
            title: string;
        };
        /** @description Where a show's pages are. */
        ShowLinks: {
            /** @description The director's page; it asks for a token. */
            desk: string;
            /** @description The audience's page. */
            watch: string;
        };
        /** @description All shows. */
        ShowList: {
            /** @description The newest announcement last. */
            shows: components["schemas"]["Show"][];
        };
        /** @description The report of a show. */
        ShowReport: {
            /**
             * Format: date-time
             * @description When the audience was let in.
             */
            began_at: string | null;
            /**
             * Format: date-time
             * @description When the show was over; none while it is not.
             */
            ended_at: string | null;
            /** @description All numbers. */
            house: components["schemas"]["HouseState"];
            /** @description How long joining took. */
            joins: components["schemas"]["JoinStep"][];
            /**
             * Format: int64
             * @description How long a step of the timeline is, in seconds.
             */
            step_s: number;
            /** @description How it went. */
            timeline: components["schemas"]["HouseSample"][];
            /** @description The show's title. */
            title: string;
        };
        /**
         * @description Where a show is in its life.
         * @enum {string}
         */
        ShowState: "scheduled" | "live" | "paused" | "over";
        /** @description A card. */
        SlateText: {
            /** @description Small line below, up to 240 characters. */
            text?: string;
            /** @description Large line, up to 120 characters. */
            title: string;
        };
        /** @description How long something took. */
        Spans: {
            /**
             * Format: int64
             * @description How many were measured.
             */
            count: number;
            /**
             * Format: int64
             * @description Half took no longer, in ms.
             */
            p50_ms: number | null;
            /**
             * Format: int64
             * @description 95 of 100 took no longer, in ms.
             */
            p95_ms: number | null;
        };
        /** @description How long something took, for each way. */
        SpansByWay: {
            /** @description From the playlist, sound alone. */
            audio: components["schemas"]["Spans"];
            /** @description From the playlist. */
            hls: components["schemas"]["Spans"];
            /** @description In real time. */
            webrtc: components["schemas"]["Spans"];
        };
        /** @description A show, as its performers see it. */
        StageShow: {
            /** @description The shape of its picture. */
            canvas: components["schemas"]["CanvasShape"];
            /** @description 16 lower-case hexadecimal digits. */
            id: string;
            /** @description Its name in addresses. */
            slug: string;
            /**
             * Format: date-time
             * @description When it is announced for.
             */
            starts_at: string | null;
            /** @description Where it is in its life. */
            state: components["schemas"]["ShowState"];
            /** @description One line. */
            title: string;
        };
        /** @description All there is on a show's stage. */
        StageState: {
            /** @description Where the audience looks. */
            audience: components["schemas"]["Audience"];
            /** @description In the order they were uploaded. */
            clips: components["schemas"]["Clip"][];
            /** @description The mixer process. */
            mixer: components["schemas"]["MixerStatus"];
            /** @description In the order they were added. */
            performers: components["schemas"]["Performer"][];
            playback: components["schemas"]["Playback"] | null;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
            /** @description What the stage shows. */
            scene: components["schemas"]["Scene"];
            /** @description The show. */
            show: components["schemas"]["Show"];
            /**
             * Format: int32
             * @description How many are watching.
             */
            viewers: number;
        };
        /** @description How a seat is opened. */
        TakeSeat: {
            /** @description Also if it is open on another screen, which then loses it. */
            take: boolean;
        };
        /**
         * @description How one scene gives way to the next.
         * @enum {string}
         */
        TransitionKind: "cut" | "fade";
        /**
         * @description A codec of pictures.
         * @enum {string}
         */
        VideoCodec: "h264" | "vp8";
        /**
         * @description By which way a viewer gets the show.
         * @enum {string}
         */
        WayName: "webrtc" | "hls" | "audio";
        /** @description A number for each way. */
        Ways: {
            /**
             * Format: int64
             * @description From the playlist, sound alone.
             */
            audio: number;
            /**
             * Format: int64
             * @description From the playlist.
             */
            hls: number;
            /**
             * Format: int64
             * @description In real time.
             */
            webrtc: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    system_openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    public_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicShowList"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    public_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicShow"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    public_stream: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    public_renew: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeatGrant"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    public_take: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TakeSeat"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeatGrant"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    public_leave: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    public_sighting: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostSighting"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ShowList"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateShow"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Show"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Show"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_change: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchShow"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Show"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    stage_audience: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutAudience"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    clips_list: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClipList"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    clips_upload: {
        parameters: {
            query?: {
                /** @description The clip's name, up to 200 characters; never part of a path. */
                name?: string;
            };
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": number[];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Clip"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    clips_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
                clip: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    clips_pause: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
                clip: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    clips_play: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
                clip: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PlayClip"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    clips_playback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
                clip: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchPlayback"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    clips_seek: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
                clip: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SeekClip"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    clips_stop: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
                clip: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_director_link: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Lifetime"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GrantLink"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_end: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    stage_stream: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    house_state: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HouseState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_pause: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    stage_add: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddPerformer"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewPerformer"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    stage_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
                performer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    stage_change: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
                performer: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchPerformer"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    stage_credentials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
                performer: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Lifetime"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credentials"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    house_film: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "video/mp4": number[];
                };
            };
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "video/mp4": number[];
                };
            };
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    house_film_by_form: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["FilmForm"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "video/mp4": number[];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    house_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ShowReport"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    house_report_csv: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_resume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    stage_scene: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutScene"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_start: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    stage_state: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageState"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    shows_viewer_link: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Lifetime"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GrantLink"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    performer_read: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PerformerStage"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    performer_rename: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchMe"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PerformerStage"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    performer_stream: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    system_live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Live"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    system_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    system_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_whep_look: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_play: {
        parameters: {
            query?: {
                /** @description What this performer publishes, as it comes. For performers of the show and directors. */
                performer?: string;
                /** @description `program` (default) or `stage`, the stage's own mix, for directors. */
                output?: string;
            };
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/sdp": string;
            };
        };
        responses: {
            201: {
                headers: {
                    etag?: string;
                    location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/sdp": string;
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_whep_head: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_whep_session_look: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                show: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_whep_end: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                show: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_whep_trickle: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                show: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/trickle-ice-sdpfrag": string;
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_whip_look: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_publish: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or slug */
                show: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/sdp": string;
            };
        };
        responses: {
            201: {
                headers: {
                    etag?: string;
                    location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/sdp": string;
                };
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_whip_session_look: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                show: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_whip_end: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                show: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
    media_whip_trickle: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                show: string;
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/trickle-ice-sdpfrag": string;
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why it was refused */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultBody"];
                };
            };
        };
    };
}
