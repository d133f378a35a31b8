/* Adds a button to each .copy that copies what is in its <code>.  Without this file
 * the text can be selected as it is. */
(function () {
    "use strict";

    /* Where there is no clipboard: without TLS, or in an old browser. */
    function copySelected(code) {
        var range = document.createRange();

        range.selectNodeContents(code);
        window.getSelection().removeAllRanges();
        window.getSelection().addRange(range);
        return document.execCommand("copy");
    }

    function addButton(place, said) {
        var code = place.querySelector("code");
        var button = document.createElement("button");

        function tell(copied) {
            button.textContent = copied ? "Copied" : "Selected";
            said.textContent = copied ? "copied" : "selected, not copied";
            window.setTimeout(function () {
                button.textContent = "Copy";
                said.textContent = "";
            }, 2500);
        }

        function onClick() {
            if (navigator.clipboard && navigator.clipboard.writeText) {
                navigator.clipboard.writeText(code.textContent).then(
                    function () { tell(true); },
                    function () { tell(copySelected(code)); });
            } else {
                tell(copySelected(code));
            }
        }

        button.type = "button";
        button.textContent = "Copy";
        button.setAttribute("aria-label", "Copy " + code.textContent.slice(0, 60));
        button.addEventListener("click", onClick);
        place.appendChild(button);
    }

    var places = document.querySelectorAll(".copy"), said, i;

    if (places.length) {
        said = document.createElement("div");
        said.className = "said";
        said.setAttribute("role", "status");
        said.setAttribute("aria-live", "polite");
        document.querySelector("main").appendChild(said);
    }
    for (i = 0; i < places.length; i++) {
        addButton(places[i], said);
    }
}());
