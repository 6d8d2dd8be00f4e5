//! Faults in the reader's language, by their code. A code that is not here keeps its own words.

use palco_base::Fault;
use palco_boxoffice::Lang;

/// Code, English, Spanish; `code.hint` is what to do.
pub(super) const ALL: &[(&str, &str, &str)] = &[
    ("not_here", "There is nothing at this address.", "No hay nada en esta dirección."),
    ("not_here.hint", "Look at what is on instead.", "Mira mejor qué hay en cartelera."),
    ("method_not_allowed", "This address does not take that method.", "Esta dirección no acepta ese método."),
    ("too_many_requests", "Too many tries from your address.", "Demasiados intentos desde tu dirección."),
    ("too_many_requests.hint", "Wait a minute, then try again.", "Espera un minuto e inténtalo otra vez."),
    (
        "request_from_elsewhere",
        "This form was sent from another site.",
        "Este formulario llegó desde otro sitio.",
    ),
    (
        "request_from_elsewhere.hint",
        "Open the page here and send it again.",
        "Abre la página aquí y envíalo de nuevo.",
    ),
    ("form_too_large", "This is more than we take.", "Esto es más de lo que recibimos."),
    ("form_broken", "We could not read this form.", "No pudimos leer este formulario."),
    ("sold_out", "Sold out.", "Agotado."),
    (
        "sold_out.hint",
        "Seats that are being paid for may come back in a few minutes.",
        "Los asientos que se están pagando pueden volver en unos minutos.",
    ),
    ("not_enough_seats", "Not so many seats are left.", "Ya no quedan tantos asientos."),
    ("not_enough_seats.hint", "Take fewer tickets.", "Elige menos boletos."),
    ("sale_closed", "Tickets are not on sale.", "Los boletos no están a la venta."),
    ("show_cancelled", "This show was cancelled.", "Esta función se canceló."),
    ("show_over", "This show is over.", "Esta función ya terminó."),
    ("show_over.hint", "Tickets with the replay can still be had.", "Todavía hay boletos con repetición."),
    ("nothing_wanted", "Choose at least one ticket.", "Elige al menos un boleto."),
    ("quantity_broken", "Write how many tickets as a number.", "Escribe con número cuántos boletos quieres."),
    ("too_many_tickets", "One order is 10 tickets at most.", "Un pedido tiene 10 boletos como máximo."),
    ("amount_broken", "This is not an amount of money.", "Esto no es una cantidad de dinero."),
    ("amount_broken.hint", "Write it as 12 or 12.50.", "Escríbelo como 12 o 12.50."),
    ("amount_too_large", "This amount is too large.", "Esta cantidad es demasiado grande."),
    ("amount_too_small", "This ticket costs more than that.", "Este boleto cuesta más que eso."),
    (
        "amount_too_fine",
        "That is finer than this currency's coins.",
        "Esta moneda no tiene monedas tan pequeñas.",
    ),
    ("email_broken", "This is not an e-mail address.", "Este no es un correo electrónico."),
    ("email_broken.hint", "Check it: the ticket is sent there.", "Revísalo: ahí llega el boleto."),
    ("promo_unknown", "We do not know this promo code.", "No conocemos este código de promoción."),
    ("promo_unknown.hint", "Check the spelling.", "Revisa cómo está escrito."),
    (
        "promo_broken",
        "A promo code is 2 to 32 letters, digits or dashes.",
        "Un código tiene de 2 a 32 letras, números o guiones.",
    ),
    ("promo_over", "This promo code is not valid any longer.", "Este código de promoción ya venció."),
    ("promo_used_up", "This promo code was used up.", "Este código de promoción ya se agotó."),
    ("provider_missing", "Choose how to pay.", "Elige cómo pagar."),
    ("payment_unavailable", "The payment service does not answer.", "El servicio de pago no responde."),
    (
        "payment_unavailable.hint",
        "Try again in a minute; you were not charged.",
        "Inténtalo en un minuto; no se te cobró.",
    ),
    ("text_missing", "Something must be written here.", "Aquí hay que escribir algo."),
    ("text_too_long", "This text is too long.", "Este texto es demasiado largo."),
    ("stars_broken", "Choose one to five stars.", "Elige de una a cinco estrellas."),
    ("link_used", "This link was used already, or is too old.", "Este enlace ya se usó o es muy viejo."),
    ("link_used.hint", "Ask for a new one.", "Pide uno nuevo."),
    (
        "sign_in_wrong",
        "That address and password do not go together.",
        "Ese correo y esa contraseña no coinciden.",
    ),
    ("token_wrong", "This is not the admin token.", "Este no es el token de administración."),
    (
        "token_wrong.hint",
        "The server wrote it down when it first started.",
        "El servidor lo anotó al arrancar por primera vez.",
    ),
    (
        "password_short",
        "A password has 10 characters at least.",
        "Una contraseña tiene al menos 10 caracteres.",
    ),
    ("role_too_small", "Your account does not allow that.", "Tu cuenta no permite hacer eso."),
    ("role_too_small.hint", "Ask an owner of the house.", "Pídelo a alguien que administre la casa."),
    (
        "revision_old",
        "Somebody else changed this since you opened it.",
        "Alguien más cambió esto desde que lo abriste.",
    ),
    (
        "revision_old.hint",
        "What you typed is still here. Compare it with what is stored, then save again.",
        "Lo que escribiste sigue aquí. Compáralo con lo guardado y vuelve a guardar.",
    ),
    (
        "time_skipped",
        "This time does not exist there: the clocks jump over it that night.",
        "Esa hora no existe allá: esa noche los relojes la saltan.",
    ),
    ("time_skipped.hint", "Choose an hour earlier or later.", "Elige una hora antes o después."),
    ("time_broken", "This is not a date and time.", "Esto no es una fecha con hora."),
    ("zone_unknown", "We do not know this time zone.", "No conocemos esta zona horaria."),
    ("zone_unknown.hint", "For example: America/Mexico_City.", "Por ejemplo: America/Mexico_City."),
    ("number_broken", "This is not a number that fits here.", "Este no es un número que quepa aquí."),
    ("percent_broken", "This is not a percentage.", "Esto no es un porcentaje."),
    (
        "percent_too_large",
        "Fees and taxes are 50 % at most.",
        "Los cargos e impuestos son de 50 % como máximo.",
    ),
    (
        "shares_too_large",
        "All shares together are 100 % at most.",
        "Todas las partes juntas son 100 % como máximo.",
    ),
    (
        "discount_broken",
        "This takes nothing off, or too much.",
        "Esto no descuenta nada, o descuenta demasiado.",
    ),
    ("seats_taken", "More are sold already than that.", "Ya se vendieron más que eso."),
    (
        "kind_sold",
        "This kind was sold already; take it off sale instead.",
        "Este tipo ya se vendió; mejor quítalo de la venta.",
    ),
    (
        "slug_invalid",
        "A show's name in addresses takes a-z, 0-9 and single dashes, up to 60.",
        "El nombre en la dirección lleva a-z, 0-9 y guiones sencillos, hasta 60.",
    ),
    (
        "slug_taken",
        "Another show has this name in its address.",
        "Otra función tiene ese nombre en su dirección.",
    ),
    ("title_differs", "That is not the title of the show.", "Ese no es el título de la función."),
    (
        "title_differs.hint",
        "Type it exactly; this cannot be undone.",
        "Escríbelo tal cual; esto no se puede deshacer.",
    ),
    ("poster_missing", "Choose a picture first.", "Primero elige una imagen."),
    ("poster_too_large", "This picture is larger than 10 MB.", "Esta imagen pesa más de 10 MB."),
    ("poster_not_picture", "This is not a picture we can read.", "Esta no es una imagen que podamos leer."),
    ("poster_not_picture.hint", "Use a JPEG, PNG or WebP.", "Usa JPEG, PNG o WebP."),
    ("tax_nameless", "A tax needs a name for the bill.", "Un impuesto necesita nombre para la cuenta."),
    ("last_owner", "The last owner stays.", "Quien administra al final se queda."),
    ("nothing_to_refund", "These tickets were given back already.", "Estos boletos ya se devolvieron."),
    ("currency_unknown", "This currency is not known here.", "Esta moneda no se conoce aquí."),
];

fn known(key: &str, lang: Lang) -> Option<&'static str> {
    let found = ALL.iter().find(|(code, ..)| *code == key);
    found.map(|(_, en, es)| if lang == Lang::Es { *es } else { *en })
}

/// What a fault says, and what to do, in this language.
pub(crate) fn fault_words(fault: &Fault, lang: Lang) -> (String, Option<String>) {
    let hint = |fault: &Fault| known(&format!("{}.hint", fault.code), lang).map(str::to_owned);
    match known(fault.code, lang) {
        // The server's own English may know more ("Only 2 seats are left").
        Some(text) if lang == Lang::Es => (text.to_owned(), hint(fault)),
        Some(text) if fault.text.is_empty() => (text.to_owned(), hint(fault)),
        _ => (fault.text.clone(), fault.hint.clone().or_else(|| hint(fault))),
    }
}
