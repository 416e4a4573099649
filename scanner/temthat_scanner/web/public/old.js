// For browsers that cannot run the app, and for an app that did not come whole: the app takes this sentence away when it starts.
addEventListener("load", function () {
  setTimeout(function () {
    var old = document.getElementById("old");
    if (old) old.hidden = false;
  }, 4000);
});
